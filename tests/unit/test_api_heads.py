"""A head the parser has read is not read again; whatever differs from it by a byte is the parser's."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from anclora.api import protocol
from anclora.api.heads import Head, Heads
from anclora.api.protocol import HotProtocol

KNOWN = Head("/webhooks/evolution/sales", "sales", "s3cret")
LINES = ("Host: anclora", "Content-Length: {length}", "X-Anclora-Secret: s3cret", "Accept: */*")


def request(body: bytes = b"{}", *more: str, lines: tuple[str, ...] = LINES) -> bytes:
    head = "\r\n".join(["POST /webhooks/evolution/sales HTTP/1.1", *lines, *more]).format(length=len(body))
    return head.encode() + b"\r\n\r\n" + body


def knowing(data: bytes) -> Heads:
    heads = Heads()
    heads.learn(data, KNOWN)
    return heads


@given(st.binary(max_size=3_000), st.binary(max_size=3_000))
def test_the_same_head_comes_with_any_body(first: bytes, second: bytes) -> None:
    assert knowing(request(first)).find(request(second)) == (KNOWN, second)


@given(st.data(), st.binary(min_size=1, max_size=40))
def test_a_head_that_differs_in_a_byte_is_another(data: st.DataObject, body: bytes) -> None:
    whole = request(body)
    at = data.draw(st.integers(0, len(whole) - len(body) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    changed = whole[:at] + bytes([other]) + whole[at + 1 :]
    assert knowing(whole).find(changed) is None


@pytest.mark.parametrize("cut", [0, 1, 30, -3, -1])
def test_a_piece_is_no_request_and_one_and_a_half_is_none_either(cut: int) -> None:
    whole = request(b"{...}")
    heads = knowing(whole)
    assert heads.find(whole[:cut]) is None
    assert heads.find(whole + b"P") is None


@pytest.mark.parametrize(
    "lines",
    [
        ("X-Strength: 2", "content-length: {length}"),  # its digits are no length
        ("CONTENT-LENGTH: {length}",),
        ("Transfer-Encoding: chunked",),
        ("Content-Length:{length}",),
        ("Content-Length:  {length}",),
        ("Content-Length: +{length}",),
        ("Content-Length: 0000000000{length}",),
        ("Content-Length: {length}", "X-Much: " + "a" * 9_000),
    ],
)
def test_what_is_not_plain_is_never_learnt(lines: tuple[str, ...]) -> None:
    whole = request(b"{}", lines=lines)
    assert knowing(whole).find(whole) is None


def test_too_many_are_forgotten_and_learnt_again() -> None:
    heads = knowing(request())
    for n in range(1_000):
        heads.learn(request(b"{}", f"X-N: {n}"), KNOWN)
    assert heads.find(request()) is None
    assert heads.find(request(b"{}", "X-N: 999")) == (KNOWN, b"{}")


class Hands:
    """A loop whose time passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, what: Callable[[], None]) -> Any:
        timer = (self.now + delay, what)
        self.timers.append(timer)
        return Timer(self, timer)

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds
        for timer in [each for each in self.timers if each[0] <= self.now]:
            self.timers.remove(timer)
            timer[1]()


class Timer:
    """One that can be called off."""

    def __init__(self, loop: Hands, timer: Any) -> None:
        self._loop, self._timer = loop, timer

    def cancel(self) -> None:
        if self._timer in self._loop.timers:
            self._loop.timers.remove(self._timer)


class Line(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Peer:
    """One connection to the server's protocol, what it took, and how often the parser was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken: list[tuple[str, str, bytes]] = []
        self.parsed = 0
        self.refuses = False
        self.loop, self.line = Hands(), Line()
        self.stored: list[asyncio.Future[None]] = []
        monkeypatch.setattr(protocol.webhooks, "take", self._take)
        monkeypatch.setattr(protocol, "_HEADS", Heads())
        config = uvicorn.Config(_ordinary, log_config=None, lifespan="off", timeout_keep_alive=75)
        loop: Any = self.loop
        deps: Any = None
        self.hot = HotProtocol(deps, config=config, server_state=ServerState(), app_state={}, _loop=loop)
        real = self.hot.parser
        self.hot.parser = Counted(self, real)  # pyright: ignore[reportAttributeAccessIssue]
        self.hot.connection_made(self.line)

    def _take(self, _deps: Any, name: str, secret: str, body: bytes) -> "asyncio.Future[None] | None":
        if self.refuses:
            return None
        self.taken.append((name, secret, body))
        self.stored.append(asyncio.get_running_loop().create_future())
        return self.stored[-1]

    async def send(self, data: bytes) -> None:
        """It arrives, and what it says is stored at once."""
        self.hot.data_received(data)
        for future in self.stored:
            if not future.done():
                future.set_result(None)
        await asyncio.sleep(0)


class Counted:
    """The parser, with a count."""

    def __init__(self, peer: Peer, real: Any) -> None:
        self._peer, self._real = peer, real

    def feed_data(self, data: bytes) -> None:
        self._peer.parsed += 1
        self._real.feed_data(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


async def _ordinary(scope: Any, _receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def peer(monkeypatch: pytest.MonkeyPatch) -> Peer:
    return Peer(monkeypatch)


async def test_the_parser_reads_the_first_of_many(peer: Peer) -> None:
    bodies = [b'{"n": %d}' % n for n in range(8, 12)]
    for body in bodies:
        await peer.send(request(body))
    assert peer.parsed == 1
    assert peer.taken == [("sales", "s3cret", body) for body in bodies]
    assert [answer.startswith(b"HTTP/1.1 200 OK\r\n") for answer in peer.line.written] == [True] * 4


async def test_a_caller_who_names_his_requests_is_read_each_time(peer: Peer) -> None:
    for n in range(3):
        await peer.send(request(b"{}", f"X-Request-Id: r{n}"))
        assert b"x-request-id: r%d\r\n" % n in peer.line.written[-1]
    assert peer.parsed == 3


async def test_what_the_short_way_does_not_take_is_the_parsers_after_all(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(peer.hot, "_start_asgi_task", lambda cycle, _app: begun.append(cycle.scope["path"]))
    await peer.send(request())
    peer.refuses = True  # its secret is an old one now
    await peer.send(request())
    assert (peer.parsed, len(peer.taken), begun) == (2, 1, ["/webhooks/evolution/sales"])


async def test_one_behind_another_waits_its_turn_at_the_parser(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(peer.hot, "_start_asgi_task", lambda cycle, _app: begun.append(cycle.scope["path"]))
    await peer.send(request())
    peer.hot.data_received(request(b"{1}"))  # taken, not yet stored
    peer.hot.data_received(request(b"{2}"))
    assert (peer.parsed, begun, peer.hot.flow.read_paused) == (2, [], True)
    peer.stored[-1].set_result(None)
    await asyncio.sleep(0)
    assert (begun, peer.hot.flow.read_paused) == (["/webhooks/evolution/sales"], False)


async def test_a_connection_is_closed_when_it_has_been_quiet_and_not_before(peer: Peer) -> None:
    for _ in range(3):
        await peer.send(request())
        peer.loop.pass_seconds(60)
        assert (len(peer.loop.timers), peer.line.closed) == (1, False)
    peer.loop.pass_seconds(14)
    assert not peer.line.closed
    peer.loop.pass_seconds(2)
    assert (peer.line.closed, peer.loop.timers) == (True, [])


async def test_no_timer_closes_under_a_webhook_that_is_being_stored(peer: Peer) -> None:
    await peer.send(request())
    peer.loop.pass_seconds(50)
    peer.hot.data_received(request(b"{1}"))
    peer.loop.pass_seconds(50)
    assert not peer.line.closed
    peer.stored[-1].set_result(None)
    await asyncio.sleep(0)
    peer.loop.pass_seconds(74)
    assert not peer.line.closed
    peer.loop.pass_seconds(1)
    assert peer.line.closed
