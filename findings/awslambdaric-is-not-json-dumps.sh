#!/usr/bin/env bash
# A Lambda function in Python does not answer what json.dumps makes of the value that it returns.
#
# Seen with awslambdaric 4.2.2 (AWS Lambda's runtime client) on simplejson 4.3.0 and Python 3.11.7,
# 2026-11-29. A named tuple becomes an object, not a list. A Decimal becomes a number and bytes become
# text, where json.dumps raises a TypeError. And NaN is sent as such, although the same client
# refuses to read it: a function that gets this answer as its event is not even called. What the
# Runtime API receives for each of the four, and then for an event with NaN:
#
#     {"size": {"width": 3, "height": 4}}
#     {"size": 1.10}
#     {"size": "small"}
#     {"size": NaN}
#     Runtime.UnmarshalError
#
# A test that puts the returned value through json.dumps proves another answer than the one sent.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check awslambdaric==4.2.2 simplejson==4.3.0 \
    2>pip.log || { cat pip.log; exit 1; }

cat > index.py <<'END'
import collections
import decimal

Size = collections.namedtuple("Size", "width height")
SIZES = [Size(3, 4), decimal.Decimal("1.10"), b"small", float("nan")]


def handler(event, context):
    return {"size": SIZES[event["number"]]}
END
cat > runtime_api.py <<'END'
import http.server
import json
import os
import queue
import subprocess
import sys
import threading

events = ['{"number": %d}' % number for number in range(4)] + ['{"number": NaN}']
waiting, told = queue.Queue(), queue.Queue()


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    def answer(self, status, content):
        self.send_response(status)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self.answer(200, waiting.get().encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        told.put(json.loads(body).get("errorType", body))
        self.answer(202, b"")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
address = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}"}
command = [sys.executable, "-m", "awslambdaric", "index.handler"]
client = subprocess.Popen(command, env=os.environ | address, stdout=sys.stderr)
try:
    for event in events:
        waiting.put(event)
        print(told.get(timeout=30), flush=True)
finally:
    client.kill()
    client.wait()
END
venv/bin/python runtime_api.py 2>log | tee seen || { cat log; exit 1; }
diff - seen <<'SEEN'
{"size": {"width": 3, "height": 4}}
{"size": 1.10}
{"size": "small"}
{"size": NaN}
Runtime.UnmarshalError
SEEN
