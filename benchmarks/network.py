"""A network of a given delay and rate before a server on loopback, as a process of its own.

    python -m benchmarks.network PORT DELAY|--no-limit

Both ways wait half of the delay, and each has the rate to itself, shared by all connections. A new
connection waits once more, as for TCP's handshake. It prints its own port.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

DELAY = 0.020
RATE = 75_000_000
"""Bytes a second: what a function of AWS Lambda has, 600 Mbit/s."""
_PIECE = 1 << 16
_BURST = 0.020
"""How many seconds' bytes may pass at once after a pause; timers are no finer than some ms."""
_NO_LIMIT = "--no-limit"


class Link:
    """One way through the network."""

    def __init__(self, delay: float, rate: float) -> None:
        self._delay = delay
        self._rate = rate
        self._free_at = 0.0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry everything from one end to the other."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        arriving = asyncio.create_task(self._arrive(under_way, writer))
        try:
            while piece := await reader.read(_PIECE):
                now = time.monotonic()
                self._free_at = max(now - _BURST, self._free_at) + len(piece) / self._rate
                if self._free_at > now:
                    await asyncio.sleep(self._free_at - now)
                await under_way.put((time.monotonic() + self._delay, piece))
        except ConnectionError:
            pass
        await under_way.put((time.monotonic() + self._delay, b""))
        await arriving

    async def _arrive(
        self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        piece = b"more"
        try:
            while piece:
                due, piece = await under_way.get()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                writer.write(piece)
                await writer.drain()
            writer.write_eof()
        except (ConnectionError, OSError):
            # The client is gone; what is under way has to go somewhere.
            while piece:
                _, piece = await under_way.get()


async def serve(port: int, delay: float, rate: float) -> None:
    """Carry connections to a port until the process ends."""
    there, back = Link(delay / 2, rate), Link(delay / 2, rate)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(delay)
        to_server = await asyncio.open_connection("127.0.0.1", port, limit=_PIECE)
        await asyncio.gather(there.carry(reader, to_server[1]), back.carry(to_server[0], writer))
        writer.close()
        to_server[1].close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=_PIECE, backlog=64)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def network(host: str, delay: float = DELAY, *, is_limited: bool = True) -> Iterator[str]:
    """Run a network before a server, and return where it is reached through it."""
    limit = str(delay) if is_limited else _NO_LIMIT
    port = host.rpartition(":")[2]
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "benchmarks.network", port, limit],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield f"127.0.0.1:{process.stdout.readline().strip()}"  # type: ignore[union-attr]
    finally:
        process.kill()
        process.communicate()


def seconds_of_a_get(host: str, path: str) -> float:
    """Return how long it takes to read an answer and throw it away."""
    buffer = bytearray(1 << 20)
    began = time.perf_counter()
    connection = HTTPConnection(host)
    connection.request("GET", path)
    answer = connection.getresponse()
    while answer.readinto(buffer):
        pass
    connection.close()
    return time.perf_counter() - began


if __name__ == "__main__":
    if _NO_LIMIT in sys.argv:
        asyncio.run(serve(int(sys.argv[1]), 0, float("inf")))
    else:
        asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), RATE))
