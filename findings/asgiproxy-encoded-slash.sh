#!/usr/bin/env bash
# An ASGI proxy asks for another resource than its client did: `%2F` and `%3F` become `/` and `?`.
#
# Seen with asgiproxy 0.2.0 on aiohttp 3.14.5 and uvicorn 0.54.0, 2026-11-29. ASGI gives a program
# the path decoded (`path`), and beside it, as an option, the bytes that were sent (`raw_path`). The
# library proxies the decoded one. What its client sent, and what the program behind it got:
#
#     /packages/%40acme%2Fweb/1%3F0
#     /packages/@acme/web/1?0
#
# Scoped packages of npm, branches in GitLab's API and keys of objects are written so. What is behind
# a question mark is no part of the path any more. Nothing fails in a test whose path is plain.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet asgiproxy==0.2.0 aiohttp==3.14.5 uvicorn==0.54.0

cat > behind.py <<'END'
import http.server


class Path(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Path)
print(server.server_port, flush=True)
server.serve_forever()
END
cat > proxy.py <<'END'
import socket
import sys

import uvicorn
from asgiproxy.config import BaseURLProxyConfigMixin, ProxyConfig
from asgiproxy.context import ProxyContext
from asgiproxy.simple_proxy import make_simple_proxy_app


class Config(BaseURLProxyConfigMixin, ProxyConfig):
    upstream_base_url = f"http://127.0.0.1:{sys.argv[1]}"
    rewrite_host_header = f"127.0.0.1:{sys.argv[1]}"


app = make_simple_proxy_app(ProxyContext(Config()))
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listening])
END
port_of() { for _ in $(seq 300); do [ -s "$1" ] && break; sleep 0.1; done; cat "$1"; }
python3 behind.py > behind.port &
behind=$(port_of behind.port)
venv/bin/python proxy.py "$behind" > proxy.port &
proxy=$(port_of proxy.port)

asked() {
    python3 - "$1" <<'END'
import http.client, sys

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
connection.request("GET", "/packages/%40acme%2Fweb/1%3F0")
print(connection.getresponse().read().decode())
END
}
asked "$behind"
asked "$proxy"
[ "$(asked "$behind")" = /packages/%40acme%2Fweb/1%3F0 ]
[ "$(asked "$proxy")" = '/packages/@acme/web/1?0' ]
