#!/usr/bin/env bash
# podman images NAME lists other names, too: those that the same image has in other repositories.
#
# Seen with podman 4.3.1 of Debian 12 (4.3.1+ds1-8+deb12u1), 2026-11-29. Two repositories have an
# image of the same contents, so that the storage has it once with two names. Asked for the images of
# one of them, `podman images --format '{{.Repository}}:{{.Tag}}' localhost/mine` answers
#
#     localhost/mine:1 localhost/yours:1
#
# A clean-up that removes what it lists, by name or by --quiet's ids with `rmi --force`, takes away
# someone else's image. `docker images mine` lists the one name. Compare the names once more.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$(podman --version | cut -d' ' -f3)
[ "$version" = 4.3.1 ] || { echo "podman is $version, not 4.3.1"; exit 1; }
on() { podman --root "$folder/root" --runroot "$folder/run" --storage-driver vfs "$@"; }

printf 'FROM scratch\nLABEL made=here\n' > "$folder/Dockerfile"
on build --quiet --tag localhost/mine:1 "$folder" >/dev/null
on tag localhost/mine:1 localhost/yours:1

listed=$(on images --format '{{.Repository}}:{{.Tag}}' localhost/mine | sort | tr '\n' ' ')
echo "$listed"
[ "$listed" = "localhost/mine:1 localhost/yours:1 " ]
