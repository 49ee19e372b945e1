#!/usr/bin/env bash
# ctr images export --platform of an image for two platforms writes an index that names both.
#
# Seen with containerd 1.6.20 of Debian 12 (1.6.20~ds1-1+deb12u3), 2026-11-28. The archive
# has the image's whole index, but nothing of the other platform, not even its manifest. ctr does
# not say so. Output of the check below:
#
#     the index names amd64 arm64, the archive has arm64
#
# A reader that goes by the index finds a platform whose blobs are missing, and not that the archive
# was made for another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill "${daemon:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
(cd "$folder" && apt-get download -qq containerd=1.6.20~ds1-1+deb12u3 && dpkg -x containerd_*.deb .)

python3 - "$folder/both.tar" <<'END'
import hashlib, io, json, sys, tarfile

blobs = {}


def put(content, media_type, **more):
    digest = hashlib.sha256(content).hexdigest()
    blobs[f"blobs/sha256/{digest}"] = content
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content), **more}


def image(architecture):
    oci = "application/vnd.oci.image."
    packed = io.BytesIO()
    tarfile.open(fileobj=packed, mode="w").close()
    layer = packed.getvalue()
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}
    config = {"os": "linux", "architecture": architecture, "rootfs": rootfs}
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{oci}manifest.v1+json",
        "config": put(json.dumps(config).encode(), f"{oci}config.v1+json"),
        "layers": [put(layer, f"{oci}layer.v1.tar")],
    }
    platform = {"os": "linux", "architecture": architecture}
    return put(json.dumps(manifest).encode(), f"{oci}manifest.v1+json", platform=platform)


index_type = "application/vnd.oci.image.index.v1+json"
both = {"schemaVersion": 2, "mediaType": index_type, "manifests": [image("amd64"), image("arm64")]}
name = {"io.containerd.image.name": "example.com/web:1", "org.opencontainers.image.ref.name": "1"}
top = {"schemaVersion": 2, "manifests": [put(json.dumps(both).encode(), index_type, annotations=name)]}
files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(top).encode()}
with tarfile.open(sys.argv[1], "w") as archive:
    for path, content in (files | blobs).items():
        member = tarfile.TarInfo(path)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
END

cat > "$folder/config.toml" <<END
version = 2
root = "$folder/root"
state = "$folder/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$folder/socket"
END
"$folder/usr/bin/containerd" --config "$folder/config.toml" >"$folder/log" 2>&1 &
daemon=$!
ctr() { "$folder/usr/bin/ctr" --address "$folder/socket" "$@"; }
for _ in $(seq 100); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done

ctr images import --no-unpack --all-platforms "$folder/both.tar" >/dev/null
ctr images export --platform linux/arm64 "$folder/arm64.tar" example.com/web:1

found=$(python3 - "$folder/arm64.tar" <<'END'
import json, sys, tarfile

archive = tarfile.open(sys.argv[1])
names = set(archive.getnames())


def read(digest):
    return json.load(archive.extractfile(f"blobs/{digest.replace(':', '/')}"))


(top,) = json.load(archive.extractfile("index.json"))["manifests"]
children = read(top["digest"])["manifests"]
named = [one["platform"]["architecture"] for one in children]
there = [
    one["platform"]["architecture"]
    for one in children
    if f"blobs/{one['digest'].replace(':', '/')}" in names
]
print(f"the index names {' '.join(named)}, the archive has {' '.join(there)}")
END
)
echo "$found"
[ "$found" = "the index names amd64 arm64, the archive has arm64" ]
