#!/usr/bin/env bash
# tinyproxy answers a wrong Proxy-Authorization with 401 instead of 407.
#
# Seen with tinyproxy 1.11.1 of Debian 12 (1.11.1-2.1+deb12u1), 2026-11-30. A CONNECT without a login
# is answered with 407 and Proxy-Authenticate, as RFC 9110 says. One with a wrong login, or with one
# of another scheme than Basic, is answered with 401 and WWW-Authenticate, as the server behind the
# proxy would answer (500 is that of a right login: nothing listens where it asks to be led):
#
#     none 407 proxy-authenticate, wrong 401 www-authenticate, bearer 401 www-authenticate, right 500
#
# A client that looks for 407 takes a wrong password of the proxy for one of the server.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill "${proxy:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
(cd "$folder" && apt-get download -qq tinyproxy-bin=1.11.1-2.1+deb12u1 && dpkg -x tinyproxy-bin_*.deb .)

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'Port %s\nListen 127.0.0.1\nTimeout 20\nBasicAuth user right\n' "$port" > "$folder/conf"
"$folder/usr/bin/tinyproxy" -d -c "$folder/conf" >"$folder/log" 2>&1 &
proxy=$!
for _ in $(seq 100); do (: < "/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done

found=$(python3 - "$port" <<'END'
import base64, http.client, sys


def basic(login):
    return f"Basic {base64.b64encode(login.encode()).decode()}"


def ask(name, sent):
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
    # Port 9 of this computer, where nothing listens: a proxy that lets this through answers 500.
    connection.putrequest("CONNECT", "127.0.0.1:9", skip_host=True)
    connection.putheader("Host", "127.0.0.1:9")
    if sent:
        connection.putheader("Proxy-Authorization", sent)
    connection.endheaders()
    answer = connection.getresponse()
    names = {header.lower() for header, _ in answer.getheaders()}
    asks = names & {"proxy-authenticate", "www-authenticate"}
    return " ".join([name, str(answer.status), *sorted(asks)])


logins = (("none", ""), ("wrong", basic("user:wrong")), ("bearer", "Bearer x"), ("right", basic("user:right")))
print(", ".join(ask(*login) for login in logins))
END
)
echo "$found"
[ "$found" = "none 407 proxy-authenticate, wrong 401 www-authenticate, bearer 401 www-authenticate, right 500" ]
