#!/usr/bin/env bash
# buildah push IMAGE docker-archive:FILE:NAME gives the image two names in the archive.
#
# Seen with buildah 1.28.2 of Debian 12 (1.28.2+ds1-3+deb12u1), 2026-11-28. The command names one
# destination, docker.io/library/web:1. The archive's RepoTags have the name that the image has in
# the storage it came from as well, so that loading the archive gives that name too, and takes it
# from an image that had it:
#
#     ['docker.io/library/web:1', 'localhost/private-name:latest']
#
# A reader that picks an image by one name must expect others that were not asked for.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$(buildah --version | cut -d' ' -f3)
[ "$version" = 1.28.2 ] || { echo "buildah is $version, not 1.28.2"; exit 1; }

cat > "$folder/storage.conf" <<END
[storage]
driver = "vfs"
graphroot = "$folder/graph"
runroot = "$folder/run"
END
export CONTAINERS_STORAGE_CONF="$folder/storage.conf" STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

container=$(buildah from scratch)
buildah commit --quiet "$container" private-name >/dev/null
buildah push --quiet private-name "docker-archive:$folder/web.tar:web:1"

tags=$(tar -xOf "$folder/web.tar" manifest.json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["RepoTags"])')
echo "$tags"
[ "$tags" = "['docker.io/library/web:1', 'localhost/private-name:latest']" ]
