#!/usr/bin/env bash
# buildah build --layers, a matter of caching, decides whether an image has a layer at all.
#
# Seen with buildah 1.28.2 of Debian 12, 2026-12-01; buildah 1.43.2 does the same. A Dockerfile that
# adds no file (FROM scratch, LABEL) gives an image with one layer, an empty tar. With --layers it
# has none, and in Docker's format its config has no `diff_ids` at all, where BuildKit writes null:
#
#     without --layers: 1 {'type': 'layers', 'diff_ids': ['sha256:5f70bf18...']}
#     with --layers: 0 {'type': 'layers'}
#
# A reader that indexes the config with ["rootfs"]["diff_ids"] fails on the second one.
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
rootless_storage_path = "$folder/graph"
END
export CONTAINERS_STORAGE_CONF="$folder/storage.conf" BUILDAH_ISOLATION=chroot
mkdir "$folder/context"
printf 'FROM scratch\nLABEL a=b\n' > "$folder/context/Dockerfile"

cd "$folder"
found() { # FOLDER
    python3 - "$1" <<'END'
import json, sys

folder = sys.argv[1]
manifest = json.load(open(f"{folder}/manifest.json"))
config = json.load(open(f"{folder}/{manifest['config']['digest'].removeprefix('sha256:')}"))
rootfs = config["rootfs"]
if "diff_ids" in rootfs:
    rootfs["diff_ids"] = [f"{one[:15]}..." for one in rootfs["diff_ids"]]
print(len(manifest["layers"]), rootfs)
END
}
for layers in false true; do
    buildah build --quiet --format docker --layers="$layers" --tag "web-$layers" context >/dev/null
    buildah push --quiet "web-$layers" "dir:out-$layers"
done
without=$(found out-false)
with=$(found out-true)
echo "without --layers: $without"
echo "with --layers: $with"
[ "$without" = "1 {'type': 'layers', 'diff_ids': ['sha256:5f70bf18...']}" ]
[ "$with" = "0 {'type': 'layers'}" ]
