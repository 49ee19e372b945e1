#!/usr/bin/env bash
# skopeo copy docker-archive:FILE dir:FOLDER writes a manifest that calls a plain tar gzip.
#
# Seen with skopeo 1.9.3 and umoci 0.4.7 of Debian 12, 2026-12-01; skopeo 1.22.0 does the same.
# The layer in a docker archive is not compressed, and the copy keeps it so. Its digest and size are
# those of the plain tar, its media type is that of a compressed one:
#
#     application/vnd.docker.image.rootfs.diff.tar.gzip
#     gzip: not in gzip format
#
# To `oci:` and to a registry, skopeo compresses the layer on its way. A reader of the folder has to
# look at the first bytes of a layer, as Docker, containerd and skopeo itself do.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$(skopeo --version | cut -d' ' -f3)
[ "$version" = 1.9.3 ] || { echo "skopeo is $version, not 1.9.3"; exit 1; }
version=$(umoci --version | grep -o '[0-9]*\.[0-9]*\.[0-9]*' | head -1)
[ "$version" = 0.4.7 ] || { echo "umoci is $version, not 0.4.7"; exit 1; }

cd "$folder"
echo hello > hello
tar -cf layer.tar hello
umoci init --layout web
umoci new --image web:1 2>/dev/null
umoci raw add-layer --image web:1 layer.tar 2>/dev/null
skopeo --insecure-policy copy --quiet oci:web:1 docker-archive:web.tar:web:1
skopeo --insecure-policy copy --quiet docker-archive:web.tar dir:out

read -r kind digest < <(python3 -c '
import json

(layer,) = json.load(open("out/manifest.json"))["layers"]
print(layer["mediaType"], layer["digest"].removeprefix("sha256:"))
')
echo "$kind"
[ "$kind" = application/vnd.docker.image.rootfs.diff.tar.gzip ]
if gzip --test < "out/$digest" 2> error; then exit 1; fi
grep -o 'gzip: .*not in gzip format' error | sed 's/stdin: //'
[ "$(tar -tf "out/$digest")" = hello ]
