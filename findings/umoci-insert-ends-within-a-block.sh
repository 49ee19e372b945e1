#!/usr/bin/env bash
# umoci insert writes a layer that is no whole tar: it ends with the last byte of the last file.
#
# Seen with umoci 0.4.7 of Debian 12, 2026-12-01; umoci 0.6.0 writes a whole one. A tar consists of
# blocks of 512 bytes and ends in two that are empty. The layer of one file with 6 bytes has 518, so
# that neither the file's block nor the end is there. The same file by `umoci repack` has 2560:
#
#     insert: 518 bytes, tar: Unexpected EOF in archive, Python: unexpected end of data
#     repack: 2560 bytes, tar: hello, Python: hello
#
# Docker 28.5.2, containerd 2.1.9 and podman 5.8.6 take the image: Go's tar reader takes the end of the
# input for the end. A scanner that reads layers with GNU tar or Python fails on what runs everywhere.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$(umoci --version | grep -o '[0-9]*\.[0-9]*\.[0-9]*' | head -1)
[ "$version" = 0.4.7 ] || { echo "umoci is $version, not 0.4.7"; exit 1; }

cd "$folder"
echo hello > hello
for tag in insert repack; do
    umoci init --layout "$tag"
    umoci new --image "$tag:1" 2>/dev/null
done
umoci insert --rootless --image insert:1 hello /hello 2>/dev/null
umoci unpack --rootless --image repack:1 bundle 2>/dev/null
cp hello bundle/rootfs/hello
umoci repack --image repack:1 bundle 2>/dev/null

seen() { # LAYOUT
    python3 - "$1" <<'END'
import gzip, json, sys, tarfile


def blob(entry):
    path = f"{sys.argv[1]}/blobs/{entry['digest'].replace(':', '/')}"
    return open(path, "rb").read()


(entry,) = json.load(open(f"{sys.argv[1]}/index.json"))["manifests"]
(layer,) = json.loads(blob(entry))["layers"]
open("layer.tar", "wb").write(gzip.decompress(blob(layer)))
try:
    python = " ".join(name for name in tarfile.open("layer.tar").getnames() if name != ".")
except tarfile.ReadError as error:
    python = str(error)
open("python", "w").write(python)
END
    tar -tf layer.tar > tar 2>&1 || true
    tar=$(sed -n 's/^tar: //; /^Unexpected\|^hello/p' tar | tail -1)
    echo "$1: $(stat -c %s layer.tar) bytes, tar: $tar, Python: $(< python)"
}
inserted=$(seen insert)
repacked=$(seen repack)
echo "$inserted"
echo "$repacked"
read_by="tar: Unexpected EOF in archive, Python: unexpected end of data"
[ "$inserted" = "insert: 518 bytes, $read_by" ]
[ "$repacked" = "repack: 2560 bytes, tar: hello, Python: hello" ]
