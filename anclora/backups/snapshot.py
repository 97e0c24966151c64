"""Redis: the snapshot a new replica gets, asked for as one. It costs the server a fork and no file of its own.

Nothing waits for it: no SAVE, and no BGSAVE that the server's own would have to wait for. Protocol: redis.io,
"Redis replication", and RDB by length or, where the server streams it without a disk, by an end mark of 40 bytes.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from redis.connection import parse_url

from anclora.backups.errors import FailedError
from anclora.kit.errors import UnavailableError

_CONNECT_SECONDS = 10.0
# A server that streams without a disk waits a few seconds for more replicas, and says nothing but line ends meanwhile.
_SILENCE_SECONDS = 60.0
_READ_BYTES = 1 << 16
_MARK_BYTES = 40
_MAGIC = b"REDIS"


async def snapshot(url: str) -> AsyncGenerator[bytes, None]:
    """The pieces of an RDB file, of the moment the server began it.

    Raises:
        FailedError: the server gives none: a replica without its master, a managed one, or a user who may not.
        UnavailableError: it does not answer, or went away in the middle.
    """
    try:
        async with _connected(url) as (reader, writer):
            await _said(reader, writer, "REPLCONF", "capa", "eof", "capa", "psync2")
            answer = await _said(reader, writer, "PSYNC", "?", "-1")
            if not answer.startswith(b"+FULLRESYNC"):
                raise FailedError(f"Redis gives no snapshot: {answer.decode(errors='replace')[:200]}")
            async for piece in _payload(reader):
                yield piece
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise UnavailableError(f"Redis went away during the snapshot: {error!r}", code="queue_unavailable") from error


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter], None]:
    parts: dict[str, Any] = dict(parse_url(url))
    async with asyncio.timeout(_CONNECT_SECONDS):
        if "path" in parts:
            reader, writer = await asyncio.open_unix_connection(parts["path"])
        else:
            secure = ssl.create_default_context() if url.startswith("rediss://") else None
            host, port = parts.get("host", "localhost"), int(parts.get("port", 6379))
            reader, writer = await asyncio.open_connection(host, port, ssl=secure)
    try:
        if password := parts.get("password"):
            user = [parts["username"]] if parts.get("username") else []
            answer = await _said(reader, writer, "AUTH", *user, password)
            if not answer.startswith(b"+OK"):
                raise FailedError("Redis refuses our password; mend REDIS_URL.")
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await writer.wait_closed()


async def _said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *words: str) -> bytes:
    """One command; the line it is answered with."""
    parts = [word.encode() for word in words]
    writer.write(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
    await writer.drain()
    return await _line(reader)


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line that is one; a server that prepares a snapshot sends empty ones to say that it lives."""
    while True:
        async with asyncio.timeout(_SILENCE_SECONDS):
            line = await reader.readuntil(b"\n")
        if line.strip():
            return line.strip()


async def _payload(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    head = await _line(reader)
    if head.startswith(b"$EOF:"):
        pieces = _until(reader, head.removeprefix(b"$EOF:"))
    elif head.startswith(b"$"):
        pieces = _counted(reader, int(head[1:]))
    else:
        raise FailedError(f"Redis gives no snapshot: {head.decode(errors='replace')[:200]}")
    first = True
    async for piece in pieces:
        if first and not piece.startswith(_MAGIC):
            raise FailedError("What Redis sent is no snapshot. Is REDIS_URL a Redis or Valkey?")
        first = False
        yield piece


async def _counted(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size:
        data = await _some(reader, min(_READ_BYTES, size))
        size -= len(data)
        yield data


async def _until(reader: asyncio.StreamReader, mark: bytes) -> AsyncIterator[bytes]:
    """Bytes up to the mark, which is the last thing the server sends before it goes on with commands."""
    if len(mark) != _MARK_BYTES:
        raise FailedError("What Redis sent is no snapshot.")
    held = b""
    while True:
        held += await _some(reader, _READ_BYTES)
        at = held.find(mark)
        if at >= 0:
            if at:
                yield held[:at]
            return
        if len(held) > _MARK_BYTES * 4:
            yield held[:-_MARK_BYTES]
            held = held[-_MARK_BYTES:]


async def _some(reader: asyncio.StreamReader, most: int) -> bytes:
    async with asyncio.timeout(_SILENCE_SECONDS):
        data = await reader.read(most)
    if not data:
        raise asyncio.IncompleteReadError(b"", most)
    return data
