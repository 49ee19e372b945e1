#!/usr/bin/env bash
# `except BotoCoreError` does not catch every broken connection, and botocore does not repeat it.
#
# Versions: botocore 1.44.8, urllib3 2.8.0.
# Both operations are answered with status 500 in chunks, and the connection ends inside of one.
#   GetFunction returns JSON: ConnectionClosedError, after three attempts, as many as it may make.
#   Invoke returns a stream: one attempt, and urllib3's own ProtocolError, which is not a
#   BotoCoreError. botocore reads the body of a stream's error after the code that translates
#   exceptions and repeats. Amazon S3's GetObject does the same.
#
# Seen:
#   GetFunction: botocore.exceptions.ConnectionClosedError, BotoCoreError: True, attempts: 3
#   Invoke: urllib3.exceptions.ProtocolError, BotoCoreError: False, attempts: 1
#   GetObject: urllib3.exceptions.ProtocolError, BotoCoreError: False, attempts: 1
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/ask.py" <<'PYTHON'
import socket
import threading

from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import Session

HEAD = b"HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: chunked\r\n\r\n"
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
            connection.sendall(HEAD + b'20\r\n{"mess')


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=[server], daemon=True).start()


def client(service):
    return Session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{server.getsockname()[1]}",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 3, "mode": "standard"}),
    )


CALLS = {
    "GetFunction": lambda: client("lambda").get_function(FunctionName="any"),
    "Invoke": lambda: client("lambda").invoke(FunctionName="any"),
    "GetObject": lambda: client("s3").get_object(Bucket="any", Key="any"),
}
for name, call in CALLS.items():
    attempts = 0
    try:
        call()
    except Exception as error:
        kind = f"{type(error).__module__}.{type(error).__name__}"
        ours = isinstance(error, BotoCoreError)
        print(f"{name}: {kind}, BotoCoreError: {ours}, attempts: {attempts}")
PYTHON

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile botocore==1.44.8 urllib3==2.8.0 2> "$folder/pip" ||
    { cat "$folder/pip" >&2; exit 1; }
"$folder/venv/bin/python" "$folder/ask.py" | tee "$folder/seen"

diff - "$folder/seen" <<'SEEN'
GetFunction: botocore.exceptions.ConnectionClosedError, BotoCoreError: True, attempts: 3
Invoke: urllib3.exceptions.ProtocolError, BotoCoreError: False, attempts: 1
GetObject: urllib3.exceptions.ProtocolError, BotoCoreError: False, attempts: 1
SEEN
