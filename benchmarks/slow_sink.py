"""A provider that takes its time: answers every POST with a 201 after so many milliseconds, whatever else it is doing.

argv: port, milliseconds.
"""

import asyncio
import sys
from itertools import count
from typing import cast

import uvloop

_IDS = count()


class Slow(asyncio.Protocol):
    """One connection; requests are told apart by their length, which is all that matters here."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio: it stands."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Asyncio: bytes came."""
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if end and len(rest) >= length:
            self._buffer = rest[length:]
            asyncio.get_running_loop().call_later(self._seconds, self._answer)

    def _answer(self) -> None:
        body = b'{"key":{"id":"S%d","remoteJid":"x","fromMe":true},"status":"PENDING"}' % next(_IDS)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(
                b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (len(body), body)
            )


async def main() -> None:
    """Serve until told to stop."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Slow(float(sys.argv[2]) / 1000), "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
