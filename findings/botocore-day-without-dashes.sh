#!/usr/bin/env bash
# botocore takes the day 20261101 for a moment in August 1970.
#
# Seen with botocore 1.44.8 and python-dateutil 2.9.0.post0 on Python 3.11.7, 2026-11-29. A parameter
# that is a time may be a string, and "2026-11-01" is the day that it says. ISO 8601 has the same day
# without dashes, but a string of digits alone counts as seconds since 1970. With an hour behind it,
# it is a day again. Nothing is raised: a request for the log since that day asks for all since 1970.
# A month without a day gets today's day of the month. Sent for each:
#
#     2026-11-01        2026-11-01T00:00:00+00:00
#     20261101          1970-08-23T12:05:01+00:00
#     20261101T000000Z  2026-11-01T00:00:00+00:00
#     2026              1970-01-01T00:33:46+00:00
#     2026-12           today's day of the month: True
#
# Give botocore datetimes with a time zone: parse what a user types yourself.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check botocore==1.44.8 \
    python-dateutil==2.9.0.post0 2>pip.log || { cat pip.log; exit 1; }

cat > ask.py <<'END'
import datetime
import http.server
import json
import threading

from botocore.session import Session

sent = []


class Lightsail(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent.append(datetime.datetime.fromtimestamp(request["startTime"], datetime.timezone.utc))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Lightsail)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = Session().create_client(
    "lightsail",
    region_name="us-east-1",
    endpoint_url=f"http://127.0.0.1:{server.server_port}",
    aws_access_key_id="any",
    aws_secret_access_key="any",
)


def start_of_log(said):
    client.get_container_log(serviceName="any", containerName="any", startTime=said)
    return sent[-1]


for said in ("2026-11-01", "20261101", "20261101T000000Z", "2026"):
    print(f"{said:16}  {start_of_log(said).isoformat()}")
before = datetime.date.today()
day = start_of_log("2026-12").day
print(f"2026-12           today's day of the month: {day in (before.day, datetime.date.today().day)}")
END
TZ=UTC venv/bin/python ask.py | tee seen
diff - seen <<'SEEN'
2026-11-01        2026-11-01T00:00:00+00:00
20261101          1970-08-23T12:05:01+00:00
20261101T000000Z  2026-11-01T00:00:00+00:00
2026              1970-01-01T00:33:46+00:00
2026-12           today's day of the month: True
SEEN
