#!/usr/bin/env bash
# oras-py takes the interim answer 103 Early Hints for the answer, and gives up.
#
# Seen with oras 0.2.43 of PyPI on Python 3.11.7, 2026-11-28. Before its answer a server may send any
# number of interim ones (1xx), which a client skips, also those that it does not know:
# https://www.rfc-editor.org/rfc/rfc9110.html#name-informational-1xx. Python's http.client, on which
# requests and oras-py stand, skips 100 alone. After five attempts:
#
#     ValueError: Issue with http://127.0.0.1:.../v2/web/manifests/1: Early Hints
#
# The manifest stands behind it on the same connection, as the same client sees without the hints.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check oras==0.2.43 2>"$folder/pip.log" || { cat "$folder/pip.log"; exit 1; }

"$folder/venv/bin/python" - <<'END'
import hashlib, http.server, json, threading, time

import oras.client

manifest = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": f"sha256:{hashlib.sha256(b'{}').hexdigest()}",
            "size": 2,
        },
        "layers": [],
    }
).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    has_hints = False

    def do_GET(self):
        if self.has_hints:
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </v2/>; rel=preconnect\r\n\r\n")
        self.send_response_only(200)
        self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
        self.send_header("Content-Length", str(len(manifest)))
        self.end_headers()
        self.wfile.write(manifest)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = oras.client.OrasClient(insecure=True)
name = f"127.0.0.1:{server.server_port}/web:1"

assert client.get_manifest(name) == json.loads(manifest)
# It waits for two minutes in all between its attempts.
time.sleep = lambda _: None
Handler.has_hints = True
try:
    client.get_manifest(name)
except ValueError as error:
    found = f"ValueError: {error}"
    print(found)
    address = f"127.0.0.1:{server.server_port}"
    expected = "ValueError: Issue with http://127.0.0.1:.../v2/web/manifests/1: Early Hints"
    assert found == expected.replace("127.0.0.1:...", address), found
else:
    raise SystemExit("it skips them by now")
END
