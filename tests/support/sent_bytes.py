"""Every byte that the local cloud's functions send, to any server, before TLS hides it."""

from pathlib import Path

# An interpreter runs this before anything else: https://docs.python.org/3/library/site.html
_RECORDER = """\
import os
import socket
import ssl

def recording(send):
    def send_and_record(self, data, *more):
        peer = "-".join(map(str, self.getpeername()[:2]))
        with open(os.path.join({folder!r}, f"{{peer}}-{{os.getpid()}}"), "ab") as sent:
            sent.write(data)
        return send(self, data, *more)
    return send_and_record

# The engine itself has no such variable.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    ssl.SSLSocket.send = recording(ssl.SSLSocket.send)  # its sendall calls it
    socket.socket.send = recording(socket.socket.send)
    socket.socket.sendall = recording(socket.socket.sendall)
"""


class SentBytes:
    """What functions have sent, kept in a folder if they run with this environment."""

    def __init__(self, folder: Path) -> None:
        self._sent = folder / "sent"
        self._sent.mkdir()
        (folder / "sitecustomize.py").write_text(_RECORDER.format(folder=str(self._sent)))
        self.environment = {"PYTHONPATH": str(folder)}

    def by_peer(self) -> dict[str, bytes]:
        """Return it by the `host:port` that it went to."""
        peers: dict[str, bytes] = {}
        for file in sorted(self._sent.iterdir()):
            host, port, _ = file.name.split("-")
            peer = f"{host}:{port}"
            peers[peer] = peers.get(peer, b"") + file.read_bytes()
        return peers
