"""A load generator of its own process: so many POSTs side by side, bounded in count and time; prints what came back.

Reads one `Load` as JSON from its standard input, prints one `Outcome`.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec
import uvloop

_PATIENCE_SECONDS = 30.0
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to post.

    Attributes:
        at_once: requests open at the same time.
        bodies: posted one after the other, from the beginning again after the last when `again`.
        seconds: at most so long.
        per_second: open loop: one every so often, whatever comes back; 0 = as fast as answers come.
    """

    url: str
    target: str
    headers: dict[str, str]
    at_once: int
    bodies: list[str]
    again: bool = True
    seconds: float = 60.0
    per_second: float = 0.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    good: int
    bad: int
    seconds: float
    worst: str = ""

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds


def run(load: Load, *, core: int | None = None) -> Outcome:
    """Post from another process, bound to a core."""
    return finish(start(load, core=core))


def start(load: Load, *, core: int | None = None) -> "subprocess.Popen[bytes]":
    """Begin; `finish` waits for the end."""
    argv = [*(["taskset", "-c", str(core)] if core is not None else []), sys.executable, "-m", "benchmarks.load"]
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if child.stdin is not None:
        child.stdin.write(msgspec.json.encode(load))
        child.stdin.close()
        child.stdin = None
    return child


def finish(child: "subprocess.Popen[bytes]") -> Outcome:
    """Its outcome."""
    output, _ = child.communicate(timeout=300)
    return msgspec.json.decode(output, type=Outcome)


class _Client(asyncio.Protocol):
    """One connection: posts the next request when an answer ended; does so little that it takes nobody's core."""

    def __init__(self, crowd: "_Crowd") -> None:
        self._crowd = crowd
        self._bytes = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport  # pyright: ignore[reportAttributeAccessIssue]
        self.next()

    def next(self) -> None:
        """Post the next one, at its time."""
        if self._transport is not None and (request := self._crowd.take()) is not None:
            number, message = request
            wait = self._crowd.wait_seconds(number)
            if wait > 0:
                asyncio.get_running_loop().call_later(wait, self._transport.write, message)
            else:
                self._transport.write(message)
        elif self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer; those of our servers have a length."""
        self._bytes += data
        head, found, body = self._bytes.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self._bytes = b""
            self._crowd.count(head, body)
            self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, ours or the server's."""
        self._crowd.left(exc)


class _Crowd:
    """Everybody who posts, and what came back."""

    def __init__(self, load: Load) -> None:
        loop = asyncio.get_running_loop()
        self._loop, self._load = loop, load
        self._began = loop.time()
        self._turns = _turns([_request(load, body.encode()) for body in load.bodies], again=load.again)
        self._at_work = load.at_once
        self.good, self.bad, self.worst = 0, 0, ""
        self.done: asyncio.Future[float] = loop.create_future()

    def take(self) -> tuple[int, bytes] | None:
        """The next request and its number; None = that was all."""
        return None if self._loop.time() >= self._began + self._load.seconds else next(self._turns, None)

    def wait_seconds(self, number: int) -> float:
        """Until its time, in an open loop."""
        rate = self._load.per_second
        return self._began + number / rate - self._loop.time() if rate else 0.0

    def count(self, head: bytes, body: bytes) -> None:
        """One answer."""
        if head[9:10] == b"2":
            self.good += 1
        else:
            self.bad, self.worst = self.bad + 1, (head[:80] + body).decode(errors="replace")[:300]

    def left(self, error: Exception | None) -> None:
        """One has gone."""
        if error is not None:
            self.bad, self.worst = self.bad + 1, repr(error)
        self._at_work -= 1
        if not self._at_work and not self.done.done():
            self.done.set_result(self._loop.time() - self._began)


async def _post_all(load: Load) -> Outcome:
    parts = urlsplit(load.url)
    crowd = _Crowd(load)
    loop = asyncio.get_running_loop()
    for _ in range(load.at_once):
        await loop.create_connection(lambda: _Client(crowd), parts.hostname or "127.0.0.1", parts.port or 80)
    async with asyncio.timeout(load.seconds + _PATIENCE_SECONDS):
        seconds = await crowd.done
    return Outcome(good=crowd.good, bad=crowd.bad, seconds=seconds, worst=crowd.worst)


def _request(load: Load, body: bytes) -> bytes:
    parts = urlsplit(load.url)
    headers = {"host": parts.netloc, "content-type": "application/json", "content-length": str(len(body))}
    lines = [f"{name}: {value}\r\n" for name, value in {**headers, **load.headers}.items()]
    return f"POST {load.target} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body


def _length(head: bytes) -> int:
    found = _LENGTH.search(head)
    if found is None:
        raise ValueError(f"an answer without a length: {head[:200]!r}")
    return int(found[1])


def _turns(bodies: list[bytes], *, again: bool) -> Iterator[tuple[int, bytes]]:
    number = 0
    while True:
        for body in bodies:
            yield number, body
            number += 1
        if not again:
            return


def main() -> None:
    """Read, post, print."""
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    outcome = uvloop.run(_post_all(load))
    print(msgspec.json.encode(outcome).decode())


if __name__ == "__main__":
    main()
