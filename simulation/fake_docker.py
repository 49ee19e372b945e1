#!/usr/bin/env python3
"""The Docker command line as the CDK's calls it, and nothing behind it.

It builds nothing: what it pushes is a manifest that was made before, and whose blobs the registry
has. `FAKE_DOCKER` names a folder: `settings.json` there says what it is that is pushed where, and
`commands` gets a line of JSON for each command.
"""

import base64
import json
import os
import ssl
import sys
from http.client import HTTPSConnection
from pathlib import Path

FOLDER = Path(os.environ["FAKE_DOCKER"])
LOGIN = FOLDER / "login"


def main(command: str, *arguments: str) -> int:
    with (FOLDER / "commands").open("a") as commands:
        commands.write(json.dumps([command, *arguments]) + "\n")
    if command == "inspect":
        return 1  # there is no such image yet
    if command == "login":
        LOGIN.write_text(f"{arguments[arguments.index('--username') + 1]}:{sys.stdin.read()}")
    if command == "push":
        push(arguments[-1])
    return 0


def push(reference: str) -> None:
    settings = json.loads((FOLDER / "settings.json").read_text())
    host, _, rest = reference.partition("/")
    repository, _, tag = rest.rpartition(":")
    assert host == settings["host"], reference
    trust = ssl.create_default_context(cafile=settings["certificate"])
    trust.check_hostname = False  # it is reached by its address
    connection = HTTPSConnection("127.0.0.1", settings["port"], context=trust)
    login = base64.b64encode(LOGIN.read_bytes()).decode()
    headers = {"Content-Type": settings["media_type"], "Authorization": f"Basic {login}"}
    connection.request(
        "PUT", f"/v2/{repository}/manifests/{tag}", settings["manifest"].encode(), headers
    )
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    connection.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
