"""The short way of webhooks, on a bare socket: the ordinary one is answered there, the peculiar one all the same."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from api_harness import House, Kept, house

from anclora.api import protocol
from anclora.kit.errors import UnavailableError
from anclora.storage.database import Database

EVENT = b'{"event": "messages.update", "instance": "sales", "data": {}}'
PATIENCE_SECONDS = 30


class Held(Kept):
    """Takes webhooks and tells that they are stored when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.open: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    def offer(self, instance: str, provider: str, body: bytes) -> "asyncio.Future[None]":
        self.taken.append((instance, provider, body))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.open.put_nowait(future)
        return future

    async def next(self) -> "asyncio.Future[None]":
        """The next one, taken and not stored yet."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.open.get()


@dataclass
class Wire:
    """A connection to the doors, and what is behind them."""

    doors: House
    kept: Kept
    secret: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def request(self, body: bytes = EVENT, *lines: str, secret: str = "", path: str = "sales") -> bytes:
        head = [f"POST /webhooks/evolution/{path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
        head += [f"X-Anclora-Secret: {secret or self.secret}", *lines]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            status, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
            return int(status.split()[1]), headers, await self.reader.readexactly(int(headers["content-length"]))


@contextlib.asynccontextmanager
async def wired(db: Database, redis: Any, kept: Kept) -> AsyncGenerator[Wire, None]:
    async with house(db, redis, inbound=kept, webhook_limit_bytes=300_000) as doors:
        await doors.deps.book.refresh()
        parts = urlsplit(doors.address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        yield Wire(doors, kept, doors.deps.book.get("sales").secret, reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture
async def wire(db: Database, redis: Any) -> AsyncGenerator[Wire, None]:
    async with wired(db, redis, Kept()) as connected:
        yield connected


@pytest.fixture
async def slow(db: Database, redis: Any) -> AsyncGenerator[Wire, None]:
    async with wired(db, redis, Held()) as connected:
        yield connected


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the numbers whose webhooks were taken the short way."""
    names: list[str] = []
    real = protocol.webhooks.take

    def noting(deps: Any, name: str, secret: str, body: bytes) -> Any:
        future = real(deps, name, secret, body)
        names.extend([name] if future is not None else [])
        return future

    monkeypatch.setattr(protocol.webhooks, "take", noting)
    return names


async def test_one_after_the_other_over_one_connection(wire: Wire, short: list[str]) -> None:
    for number in range(3):
        wire.send(wire.request(b'{"event": "%d"}' % number, "X-Request-Id: mine"))
        status, headers, body = await wire.answer()
        assert (status, body) == (200, b'{"status":"stored"}')
        assert (headers["x-request-id"], headers["content-type"]) == ("mine", "application/json")
        assert headers["cache-control"] == "no-store"
    assert [body for _, _, body in wire.kept.taken] == [b'{"event": "%d"}' % number for number in range(3)]
    assert short == ["sales"] * 3


async def test_an_answer_without_a_wish_has_an_id_of_its_own(wire: Wire) -> None:
    ids: set[str] = set()
    for _ in range(2):
        wire.send(wire.request())
        ids.add((await wire.answer())[1]["x-request-id"])
    assert len(ids) == 2


@pytest.mark.parametrize("cut", [1, 40, -30, -1])
async def test_one_that_comes_in_pieces_goes_the_ordinary_way(wire: Wire, short: list[str], cut: int) -> None:
    whole = wire.request()
    wire.send(whole[:cut])
    await wire.writer.drain()
    for _ in range(20):
        await asyncio.sleep(0)  # the first piece is read before the second is sent
    wire.send(whole[cut:])
    assert (await wire.answer())[0] == 200
    wire.send(whole)
    assert (await wire.answer())[0] == 200
    assert [taken[2] for taken in wire.kept.taken] == [EVENT, EVENT]
    assert short[-1:] == ["sales"]


async def test_several_at_once_are_answered_in_their_order(wire: Wire) -> None:
    bodies = [b'{"event": "%d"}' % number for number in range(4)]
    wire.send(b"".join(wire.request(body, f"X-Request-Id: n{number}") for number, body in enumerate(bodies)))
    answers = [await wire.answer() for _ in bodies]
    assert [(status, headers["x-request-id"]) for status, headers, _ in answers] == [(200, f"n{n}") for n in range(4)]
    assert [body for _, _, body in wire.kept.taken] == bodies


async def test_one_behind_a_webhook_that_is_being_stored_waits_for_it(slow: Wire) -> None:
    held = slow.kept
    assert isinstance(held, Held)
    slow.send(slow.request(b'{"event": "a"}', "X-Request-Id: a"))
    stored = await held.next()
    slow.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: b\r\n\r\n")
    for _ in range(20):
        await asyncio.sleep(0)
    stored.set_result(None)
    first, second = await slow.answer(), await slow.answer()
    assert [(status, headers["x-request-id"]) for status, headers, _ in (first, second)] == [(200, "a"), (200, "b")]


@pytest.mark.parametrize(
    ("body", "words", "status"),
    [
        (b"{", {}, 400),
        (EVENT, {"secret": "wrong"}, 401),
        (EVENT, {"secret": "ñ"}, 401),
        (EVENT, {"path": "shop"}, 404),
        (EVENT, {"path": "%73ales"}, 200),
        (b" " * 300_001, {}, 413),
        (b'{"x": "' + b"a" * 200_000 + b'"}', {}, 200),  # more than one read
    ],
)
async def test_everything_has_its_answer_and_the_connection_goes_on(
    wire: Wire, body: bytes, words: dict[str, str], status: int
) -> None:
    wire.send(wire.request(body, **words))
    assert (await wire.answer())[0] == status
    if status != 413:  # the rest of that one is not read
        wire.send(wire.request())
        assert (await wire.answer())[0] == 200


async def test_who_asks_before_he_sends_is_told_to_go_on(wire: Wire) -> None:
    whole = wire.request(EVENT, "Expect: 100-continue")
    wire.send(whole[: -len(EVENT)])
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await wire.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    wire.send(EVENT)
    assert (await wire.answer())[0] == 200


async def test_who_wants_to_close_is_answered_and_left(wire: Wire) -> None:
    wire.send(wire.request(EVENT, "Connection: close"))
    assert (await wire.answer())[0] == 200
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await wire.reader.read() == b""


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (UnavailableError("full", code="overloaded", retry_after_seconds=3), 503, "overloaded"),
        (ZeroDivisionError("a defect"), 500, "internal"),
    ],
)
async def test_what_could_not_be_stored_is_said_with_all_its_words(
    slow: Wire, failure: Exception, status: int, code: str
) -> None:
    held = slow.kept
    assert isinstance(held, Held)
    slow.send(slow.request(EVENT, "X-Request-Id: mine"))
    (await held.next()).set_exception(failure)
    answered, headers, body = await slow.answer()
    assert (answered, headers["content-type"]) == (status, "application/problem+json")
    assert (headers["x-request-id"], headers.get("retry-after")) == ("mine", "3" if status == 503 else None)
    assert f'"code":"{code}"'.encode() in body
    slow.send(slow.request())
    (await held.next()).set_result(None)
    assert (await slow.answer())[0] == 200


async def test_who_hangs_up_before_the_answer_harms_nobody(slow: Wire) -> None:
    held = slow.kept
    assert isinstance(held, Held)
    slow.send(slow.request())
    stored = await held.next()
    slow.writer.transport.abort()
    for _ in range(20):
        await asyncio.sleep(0)
    stored.set_result(None)
    assert (await slow.doors.ask("GET", "/health/live", key=None)).status == 200


async def test_a_server_that_stops_answers_what_it_took_and_closes(
    db: Database, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, real = Held(), protocol.HotProtocol.shutdown

    def stops_and_then_it_is_stored(connection: protocol.HotProtocol) -> None:
        real(connection)
        if not stored.done():
            stored.set_result(None)

    monkeypatch.setattr(protocol.HotProtocol, "shutdown", stops_and_then_it_is_stored)
    async with house(db, redis, inbound=held) as doors:
        await doors.deps.book.refresh()
        parts = urlsplit(doors.address)
        wire = Wire(
            doors, held, doors.deps.book.get("sales").secret, *await asyncio.open_connection(parts.hostname, parts.port)
        )
        wire.send(wire.request())
        stored = await held.next()
    status, headers, _ = await wire.answer()
    assert (status, headers["connection"]) == (200, "close")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await wire.reader.read() == b""
    wire.writer.close()
