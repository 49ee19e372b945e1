#!/usr/bin/env bash
# One image out of one storage gets one digest from buildah and another one from skopeo.
#
# Seen with buildah 1.28.2 and skopeo 1.9.3 of Debian 12, 2026-11-28. Both copy to `dir:`, with the
# same library below. buildah compresses the layer, skopeo leaves it as it is, so that the manifests
# and therefore the digests differ; to `oci:` both compress it, and the digests are one:
#
#     dir: tar+gzip by buildah, tar by skopeo; oci: tar+gzip by both, one digest
#
# A digest that was noted from one command does not find what the other one has copied.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$(buildah --version | cut -d' ' -f3)
[ "$version" = 1.28.2 ] || { echo "buildah is $version, not 1.28.2"; exit 1; }
version=$(skopeo --version | cut -d' ' -f3)
[ "$version" = 1.9.3 ] || { echo "skopeo is $version, not 1.9.3"; exit 1; }

cat > "$folder/storage.conf" <<END
[storage]
driver = "vfs"
graphroot = "$folder/graph"
runroot = "$folder/run"
END
export CONTAINERS_STORAGE_CONF="$folder/storage.conf" STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

mkdir "$folder/tree"
echo hello > "$folder/tree/hello"
container=$(buildah from scratch)
buildah copy --quiet "$container" "$folder/tree" / >/dev/null
buildah commit --quiet "$container" web >/dev/null
copy() { skopeo --insecure-policy copy --quiet containers-storage:localhost/web:latest "$1"; }
buildah push --quiet web "dir:$folder/dir-by-buildah"
copy "dir:$folder/dir-by-skopeo"
buildah push --quiet web "oci:$folder/oci-by-buildah:1"
copy "oci:$folder/oci-by-skopeo:1"

kind() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["layers"][0]["mediaType"].rpartition(".")[2])' "$1"; }
digest() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["manifests"][0]["digest"])' "$1"; }
[ "$(kind "$folder/dir-by-buildah/manifest.json")" = tar+gzip ]
[ "$(kind "$folder/dir-by-skopeo/manifest.json")" = tar ]
[ "$(digest "$folder/oci-by-buildah/index.json")" = "$(digest "$folder/oci-by-skopeo/index.json")" ]
echo "dir: tar+gzip by buildah, tar by skopeo; oci: tar+gzip by both, one digest"
