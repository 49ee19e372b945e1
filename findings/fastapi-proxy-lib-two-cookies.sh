#!/usr/bin/env bash
# A reverse proxy of fastapi-proxy-lib makes one Set-Cookie of two, and the browser loses the second.
#
# Seen with fastapi-proxy-lib 0.3.0 on httpx 0.28.1 and uvicorn 0.54.0, 2026-11-29. What it proxies
# sets two cookies, as a login does that sets a session and a language. A comma may join most headers
# of one name, but not Set-Cookie (RFC 9110, section 5.3), since cookies contain commas themselves.
# The library copies the headers as a mapping, for which httpx joins them. Sent and received:
#
#     session=1; Path=/ | language=de; Path=/
#     session=1; Path=/, language=de; Path=/
#
# A browser takes the second one for an attribute of the first.
# Test a proxy with two cookies, and read the raw headers: many clients join them before you look.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile fastapi-proxy-lib==0.3.0 fastapi==0.165.0 httpx==0.28.1 uvicorn==0.54.0

cat > behind.py <<'END'
import http.server


class Login(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Set-Cookie", "session=1; Path=/")
        self.send_header("Set-Cookie", "language=de; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Login)
print(server.server_port, flush=True)
server.serve_forever()
END
cat > proxy.py <<'END'
import socket
import sys

import httpx
import uvicorn
from fastapi_proxy_lib.fastapi.app import reverse_http_app

app = reverse_http_app(
    client=httpx.AsyncClient(trust_env=False), base_url=f"http://127.0.0.1:{sys.argv[1]}/"
)
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listening])
END
# A port as soon as there is one.
port_of() { for _ in $(seq 300); do [ -s "$1" ] && break; sleep 0.1; done; cat "$1"; }
python3 behind.py > behind.port &
behind=$(port_of behind.port)
venv/bin/python proxy.py "$behind" > proxy.port &
proxy=$(port_of proxy.port)

cookies() {
    python3 - "$1" <<'END'
import http.client, sys

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
connection.request("GET", "/")
print(" | ".join(connection.getresponse().headers.get_all("Set-Cookie")))
END
}
cookies "$behind"
cookies "$proxy"
[ "$(cookies "$behind")" = "session=1; Path=/ | language=de; Path=/" ]
[ "$(cookies "$proxy")" = "session=1; Path=/, language=de; Path=/" ]
