"""The frame around every request, and the cache behind the open routes."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from anclora.api.cached import Cached
from anclora.api.frame import Frame
from anclora.kit.errors import UnavailableError
from anclora.kit.metrics import REGISTRY


class BootClock:
    """Boot seconds a test turns."""

    off_seconds = 0.0

    def __init__(self) -> None:
        self.boot = 0.0

    def now(self) -> Any:
        """Nobody asks."""
        raise AssertionError

    def boot_seconds(self) -> float:
        """What the test says."""
        return self.boot


def counted(code: str) -> float:
    return REGISTRY.get_sample_value("anclora_http_requests_total", {"route": "none", "code": code}) or 0.0


async def framed(
    app: Callable[[Scope, Receive, Send], Any], *headers: tuple[bytes, bytes], kind: str = "http"
) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": kind, "path": "/x", "method": "GET", "headers": list(headers)}
    await Frame(app)(scope, receive, send)
    return sent


async def answering(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})


@pytest.mark.parametrize(
    ("given", "kept"), [(b"trace-1", True), (b"a" * 65, False), (b"a b", False), (b"a\nb", False), (b"", False)]
)
async def test_a_harmless_request_id_is_kept_and_any_other_replaced(given: bytes, kept: bool) -> None:
    [start] = await framed(answering, (b"x-request-id", given))
    found = dict(start["headers"])[b"x-request-id"]
    assert (found == given) is kept
    assert found


async def test_a_caller_who_hung_up_is_no_defect() -> None:
    async def gone(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ClientDisconnect

    before = counted("499")
    assert await framed(gone) == []
    assert counted("499") == before + 1


async def test_a_defect_after_the_answer_began_cuts_the_connection() -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await answering(scope, receive, send)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await framed(late)


async def test_what_is_no_request_passes_untouched() -> None:
    [start] = await framed(answering, kind="lifespan")
    assert start["headers"] == []


async def test_callers_who_come_together_share_one_making() -> None:
    clock, made, go = BootClock(), [], asyncio.Event()

    async def make() -> int:
        made.append(1)
        await go.wait()
        return len(made)

    cached = Cached(make, clock, seconds=1)
    waiting = [asyncio.create_task(cached.get()) for _ in range(3)]
    impatient = asyncio.create_task(cached.get())
    async with asyncio.timeout(5):
        while not made:
            await asyncio.wait(waiting, timeout=0.01)
        clock.boot = 5  # however long it takes, nobody makes a second one meanwhile
        impatient.cancel()
        go.set()
        assert await asyncio.gather(*waiting) == [1, 1, 1]
        assert await cached.get() == 2


async def test_a_failure_is_shared_and_forgotten_like_a_value() -> None:
    clock, answers = BootClock(), [ZeroDivisionError(), 7]

    async def make() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    cached = Cached(make, clock, seconds=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await cached.get()
    clock.boot = 1
    assert await cached.get() == 7


async def test_making_has_a_time_limit() -> None:
    never = asyncio.Event()
    with pytest.raises(UnavailableError):
        await Cached(never.wait, BootClock(), seconds=1, timeout_seconds=0.01).get()
