"""A snapshot as servers send it: counted or up to a mark, in whatever pieces, and what is none."""

import asyncio
from collections.abc import Sequence

import pytest

from anclora.backups.errors import FailedError
from anclora.backups.snapshot import snapshot
from anclora.kit.errors import AncloraError, UnavailableError

RDB = b"REDIS0011" + bytes(range(256)) * 700 + b"\xff12345678"
MARK = b"m" * 20 + b"n" * 20
FULL = b"+FULLRESYNC 0123456789012345678901234567890123456789 14\r\n"


async def taken(pieces: Sequence[bytes], *, auth: bytes = b"+OK\r\n") -> bytes:
    """The snapshot of a server that answers AUTH and REPLCONF, and PSYNC with these pieces."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (auth, b"+OK\r\n"):
            asked.append(await reader.readuntil(b"\r\n"))
            asked.extend([await reader.readuntil(b"\r\n") for _ in range(2 * int(asked[-1][1:-2]))])
            writer.write(answer)
        await reader.readuntil(b"-1\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        got = [piece async for piece in snapshot(f"redis://anna:word@127.0.0.1:{port}/0")]
    assert asked[2:7:2] == [b"AUTH\r\n", b"anna\r\n", b"word\r\n"]
    return b"".join(got)


async def test_counted_bytes_end_where_they_were_said_to() -> None:
    assert await taken([b"\n\n", FULL, b"\n", b"$%d\r\n" % len(RDB), RDB, b"*1\r\n$4\r\nPING\r\n"]) == RDB


@pytest.mark.parametrize("cut", [0, 1, 17, 39, 40])
async def test_streamed_bytes_end_at_the_mark_wherever_it_is_cut(cut: int) -> None:
    stream = [FULL, b"$EOF:" + MARK + b"\r\n", RDB[:70_000], RDB[70_000:] + MARK[:cut], MARK[cut:] + b"*1\r\n"]
    assert await taken(stream) == RDB


@pytest.mark.parametrize(
    ("pieces", "kind", "words"),
    [
        ([b"-NOPERM this user has no permissions to run the 'psync' command\r\n"], FailedError, "NOPERM"),
        ([FULL, b"-ERR no\r\n"], FailedError, "ERR no"),
        ([FULL, b"$9\r\nPGDMP-abc"], FailedError, "no snapshot"),
        ([FULL, b"$%d\r\n" % len(RDB), RDB[:-5]], UnavailableError, "went away"),
        ([FULL, b"$EOF:" + MARK + b"\r\n", RDB], UnavailableError, "went away"),
        ([FULL], UnavailableError, "went away"),
    ],
)
async def test_what_is_no_whole_snapshot_is_said_to_be_none(
    pieces: Sequence[bytes], kind: type[AncloraError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        await taken(pieces)


async def test_a_wrong_password_is_said() -> None:
    with pytest.raises(FailedError, match="mend REDIS_URL"):
        await taken([], auth=b"-WRONGPASS invalid\r\n")
