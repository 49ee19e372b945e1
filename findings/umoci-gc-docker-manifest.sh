#!/usr/bin/env bash
# umoci gc removes the layers of an image that is named in the layout, if its manifest is Docker's.
#
# Seen with umoci 0.4.7 and skopeo 1.9.3 of Debian 12, 2026-11-29. The index of an OCI layout may name
# manifests of any media type, and a tool that copies an image of Docker's into one without changing
# its digest writes such a layout. umoci's manual has it keep all that a path of descriptors leads to,
# and Docker's manifest has the same descriptors. But umoci does not look into it: the manifest stays,
# while its config and its layer are removed. It says nothing, and ends with 0. The files of one
# image before and after, with a manifest of each kind:
#
#     oci: 3 3
#     docker: 3 1
#
# The layout still names the image, so that the loss shows at the next read.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$(umoci --version | grep -o '[0-9]*\.[0-9]*\.[0-9]*' | head -1)
[ "$version" = 0.4.7 ] || { echo "umoci is $version, not 0.4.7"; exit 1; }
version=$(skopeo --version | cut -d' ' -f3)
[ "$version" = 1.9.3 ] || { echo "skopeo is $version, not 1.9.3"; exit 1; }

cd "$folder"
umoci init --layout made
umoci new --image made:1 2>/dev/null
echo hello > hello
umoci insert --image made:1 hello /hello 2>/dev/null
skopeo --insecure-policy copy --quiet --format oci oci:made:1 dir:oci.dir
skopeo --insecure-policy copy --quiet --format v2s2 oci:made:1 dir:docker.dir

# Puts the files of `dir:`, a manifest and what it names, into a layout as they are.
cat > lay_out.py <<'END'
import hashlib
import json
import sys
from pathlib import Path

kind = sys.argv[1]
manifest = Path(f"{kind}.dir", "manifest.json").read_bytes()
read = json.loads(manifest)
named = [read["config"], *read["layers"]]
blobs = [manifest] + [Path(f"{kind}.dir", one["digest"][7:]).read_bytes() for one in named]
for blob in blobs:
    path = Path(kind, "blobs", "sha256", hashlib.sha256(blob).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(blob)
entry = {
    "mediaType": read.get("mediaType", "application/vnd.oci.image.manifest.v1+json"),
    "digest": f"sha256:{hashlib.sha256(manifest).hexdigest()}",
    "size": len(manifest),
    "annotations": {"org.opencontainers.image.ref.name": "1"},
}
Path(kind, "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
Path(kind, "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
END
count() { find "$1/blobs" -type f | wc -l; }
for kind in oci docker; do
    python3 lay_out.py "$kind"
    before=$(count "$kind")
    umoci gc --layout "$kind"
    echo "$kind: $before $(count "$kind")"
done | tee seen
diff - seen <<'SEEN'
oci: 3 3
docker: 3 1
SEEN
