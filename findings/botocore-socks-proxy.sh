#!/usr/bin/env bash
# botocore takes the scheme of a SOCKS proxy for the name of a computer.
#
# Seen with botocore 1.43.106 and requests 2.34.2, urllib3 2.8.0 and PySocks 1.7.1, 2026-11-30. requests,
# curl and others reach a SOCKS proxy that HTTPS_PROXY or ALL_PROXY names. botocore puts `http://` before
# every address that does not begin with `http:`, `https:` or `//`. So it looks for an HTTP proxy on a
# computer named `socks5`, and ignores what follows, even with PySocks installed:
#
#     requests asks for proxy.test, botocore asks for socks5
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
  botocore==1.43.106 requests==2.34.2 urllib3==2.8.0 PySocks==1.7.1 2>/dev/null

cat > look.py <<'PYTHON'
import socket

import botocore.config
import botocore.session
import requests

asked = []


def no_name(host, *others, **options):
    asked.append(host)
    raise socket.gaierror(socket.EAI_NONAME, "no such name")


socket.getaddrinfo = no_name
socket.gethostbyname = no_name


def hosts_of(call):
    asked.clear()
    try:
        call()
    except Exception:
        return asked[0]
    raise AssertionError("it was reached")


def with_botocore():
    session = botocore.session.Session()
    session.set_credentials("name", "secret")
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    session.create_client("sts", region_name="eu-central-1", config=config).get_caller_identity()


first = hosts_of(lambda: requests.get("https://sts.eu-central-1.amazonaws.com/"))
print(f"requests asks for {first}, botocore asks for {hosts_of(with_botocore)}")
PYTHON

unset http_proxy https_proxy HTTP_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
found=$(HTTPS_PROXY=socks5://proxy.test:1080 venv/bin/python look.py)
echo "$found"
[ "$found" = "requests asks for proxy.test, botocore asks for socks5" ]
