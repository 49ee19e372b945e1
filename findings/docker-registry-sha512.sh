#!/usr/bin/env bash
# docker-registry takes a blob under its sha512 digest, and answers that it has another one.
#
# Seen with docker-registry 2.8.2 of Debian 12 (2.8.2+ds1-1), 2026-11-28. The digest in the closing
# PUT is checked, the upload succeeds with 201, and the blob can be read under its sha512 digest. But
# Docker-Content-Digest and Location name its sha256 digest, in that answer and in each later one:
#
#     PUT 201 sha256, HEAD sha512 200 sha256, HEAD sha256 200 sha256
#
# A client that compares the header with what it has asked for, as the distribution specification
# says that it may, refuses every blob of such an image.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill "${registry:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
version=$(docker-registry --version | grep -o '2\.[0-9]*\.[0-9]*' | head -1)
[ "$version" = 2.8.2 ] || { echo "docker-registry is $version, not 2.8.2"; exit 1; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > "$folder/config.yml" <<END
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $folder/data}}
http: {addr: "127.0.0.1:$port"}
END
docker-registry serve "$folder/config.yml" >"$folder/log" 2>&1 &
registry=$!
for _ in $(seq 100); do (: < "/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done

found=$(python3 - "$port" <<'END'
import hashlib, http.client, sys
from urllib.parse import urlsplit

content = b"a blob"
sha256, sha512 = (f"{kind}:{hashlib.new(kind, content).hexdigest()}" for kind in ("sha256", "sha512"))
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))


def send(method, target, body=None):
    connection.request(method, target, body, {"Content-Type": "application/octet-stream"})
    answer = connection.getresponse()
    answer.read()
    return answer


def told(answer):
    return f"{answer.status} {answer.getheader('Docker-Content-Digest').partition(':')[0]}"


place = urlsplit(send("POST", "/v2/web/blobs/uploads/").getheader("Location"))
put = send("PUT", f"{place.path}?{place.query}&digest={sha512}", content)
heads = [send("HEAD", f"/v2/web/blobs/{digest}") for digest in (sha512, sha256)]
print(f"PUT {told(put)}, HEAD sha512 {told(heads[0])}, HEAD sha256 {told(heads[1])}")
END
)
echo "$found"
[ "$found" = "PUT 201 sha256, HEAD sha512 200 sha256, HEAD sha256 200 sha256" ]
