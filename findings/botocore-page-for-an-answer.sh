#!/usr/bin/env bash
# botocore takes a page of HTML with status 200 for a success without content.
#
# Versions: botocore 1.44.8, urllib3 2.8.0.
# A proxy or a load balancer may answer with a page of its own and status 200. For a service that
# speaks JSON, botocore returns a response without members, and raises nothing. Its parser keeps a
# body that is not JSON as the member `message`, which is meant for errors. It does the same with an
# empty body. So a caller that counts a list sees an empty one, though its length was as announced.
#
# Seen:
#   a page: status 200, members: []
#   an empty body: status 200, members: []
#   half of an object: status 200, members: []
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/ask.py" <<'PYTHON'
import socket
import threading

from botocore.session import Session

BODIES = {
    "a page": b"<html><body>Maintenance</body></html>",
    "an empty body": b"",
    "half of an object": b'{"containerServices": [',
}


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
    for body in BODIES.values():
        connection, _ = server.accept()
        with connection:
            read_request(connection)
            head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            connection.sendall(head % len(body) + body)


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=[server], daemon=True).start()
client = Session().create_client(
    "lightsail",
    region_name="us-east-1",
    endpoint_url=f"http://127.0.0.1:{server.getsockname()[1]}",
    aws_access_key_id="any",
    aws_secret_access_key="any",
)
for name in BODIES:
    answer = client.get_container_services()
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    print(f"{name}: status {status}, members: {list(answer)}")
PYTHON

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile botocore==1.44.8 urllib3==2.8.0 2> "$folder/pip" ||
    { cat "$folder/pip" >&2; exit 1; }
"$folder/venv/bin/python" "$folder/ask.py" | tee "$folder/seen"

diff - "$folder/seen" <<'SEEN'
a page: status 200, members: []
an empty body: status 200, members: []
half of an object: status 200, members: []
SEEN
