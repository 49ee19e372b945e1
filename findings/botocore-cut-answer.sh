#!/usr/bin/env bash
# botocore takes an answer that was cut off for a success without content.
#
# Versions: botocore 1.43.114 and 1.43.115, each with urllib3 2.8.0.
# The answer says `Content-Length: 100`, has 29 bytes of JSON, and the connection ends.
#   1.43.114: ConnectionClosedError after three attempts, as many as it may make.
#   1.43.115: one attempt, no error, and a response without the list that was asked for.
# 1.43.115 hands urllib3 enforce_content_length=False. The JSON parser then reads what is not
# JSON as an object without known members. So a caller that counts a list sees an empty one.
#
# Seen:
#   1.43.114: raised ConnectionClosedError, attempts: 3
#   1.43.115: status 200, members: [], attempts: 1
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/ask.py" <<'PYTHON'
import socket
import threading

import botocore
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from botocore.session import Session

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 100\r\n\r\n"
attempts = 0


def read_request(connection):
    """Read it whole, or the connection would end with a reset."""
    with connection.makefile("rb") as stream:
        length = 0
        while (line := stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        stream.read(length)


def serve(server):
    global attempts
    while True:
        connection, _ = server.accept()
        with connection:
            attempts += 1
            read_request(connection)
            connection.sendall(HEAD + b'{"containerServices": [{"cont')


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=[server], daemon=True).start()
client = Session().create_client(
    "lightsail",
    region_name="us-east-1",
    endpoint_url=f"http://127.0.0.1:{server.getsockname()[1]}",
    aws_access_key_id="any",
    aws_secret_access_key="any",
    config=Config(retries={"total_max_attempts": 3, "mode": "standard"}),
)
try:
    answer = client.get_container_services()
except ConnectionClosedError as error:
    outcome = f"raised {type(error).__name__}"
else:
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    outcome = f"status {status}, members: {list(answer)}"
print(f"{botocore.__version__}: {outcome}, attempts: {attempts}")
PYTHON

python3 -m venv "$folder/venv"
for version in 1.43.114 1.43.115; do
    "$folder/venv/bin/pip" install --quiet --no-compile "botocore==$version" urllib3==2.8.0 2> "$folder/pip" ||
        { cat "$folder/pip" >&2; exit 1; }
    "$folder/venv/bin/python" "$folder/ask.py"
done | tee "$folder/seen"

diff - "$folder/seen" <<'SEEN'
1.43.114: raised ConnectionClosedError, attempts: 3
1.43.115: status 200, members: [], attempts: 1
SEEN
