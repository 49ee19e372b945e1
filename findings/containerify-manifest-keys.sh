#!/usr/bin/env bash
# containerify --toTar writes the manifest.json of a docker archive with keys of its own.
#
# Seen with containerify 4.1.0 of npm, 2026-11-28. The image specification of Docker
# (https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md) has `Config`, `RepoTags` and
# `Layers`; containerify writes
#
#     ['config', 'layers', 'repoTags']
#
# Docker, podman and skopeo take it all the same, since Go's JSON decoder ignores the case of keys.
# A reader in another language that goes by the specification finds no image in it.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill "${registry:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" containerify@4.1.0

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# What it builds upon comes from a registry: one that gives a single image and knows nothing else.
python3 - "$port" <<'END' &
import gzip, hashlib, http.server, io, json, sys, tarfile

packed = io.BytesIO()
tarfile.open(fileobj=packed, mode="w").close()
layer = gzip.compress(packed.getvalue(), mtime=0)
oci = "application/vnd.oci.image."


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def descriptor(content, kind):
    return {"mediaType": f"{oci}{kind}", "digest": digest(content), "size": len(content)}


rootfs = {"type": "layers", "diff_ids": [digest(packed.getvalue())]}
platform = {"os": "linux", "architecture": "amd64"}
config = json.dumps({**platform, "config": {}, "rootfs": rootfs, "history": [{}]}).encode()
manifest = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": f"{oci}manifest.v1+json",
        "config": descriptor(config, "config.v1+json"),
        "layers": [descriptor(layer, "layer.v1.tar+gzip")],
    }
).encode()
parts = {"1": manifest, digest(manifest): manifest, digest(config): config, digest(layer): layer}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content = parts.get(self.path.rpartition("/")[2])
        self.send_response(404 if content is None else 200)
        is_manifest = content is manifest
        self.send_header("Content-Type", f"{oci}manifest.v1+json" if is_manifest else "x/y")
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
END
registry=$!
for _ in $(seq 100); do (: < "/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done

mkdir app
echo '{"name": "app", "version": "1.0.0"}' > app/package.json
node node_modules/containerify/lib/cli.js --fromRegistry "http://127.0.0.1:$port/v2/" \
    --fromImage base:1 --toImage acme/web:1 --folder "$folder/app" --customContent package.json \
    --toTar "$folder/web.tar" >/dev/null

keys=$(tar -xOf web.tar manifest.json | python3 -c 'import json, sys; print(sorted(json.load(sys.stdin)[0]))')
echo "$keys"
[ "$keys" = "['config', 'layers', 'repoTags']" ]
