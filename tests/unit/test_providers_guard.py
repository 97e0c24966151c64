"""The guard lets outcomes through, turns surprises into values, bounds every call and counts it."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from anclora.kit.clock import SystemClock
from anclora.kit.errors import NotFoundError, UnavailableError
from anclora.kit.metrics import REGISTRY
from anclora.providers import guard
from anclora.providers.contract import Capabilities, Outcome, Refused, Scope, Sent, Text, Unknown
from anclora.providers.guard import GuardedProvider

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SENT = Sent(provider_id="3EB0")
REFUSED = Refused(scope=Scope.LANE, code="connection_closed", text="500 Connection Closed")


class _Scripted:
    """A provider that does as told: returns, raises, or never ends."""

    capabilities = Capabilities(text_chars=1, caption_chars=1, media_bytes={}, mimetypes={})

    def __init__(self, result: Any) -> None:
        self.result = result

    async def _do(self, *_args: Any, **_named: Any) -> Any:
        if self.result is None:
            await asyncio.get_running_loop().create_future()
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result

    send = edit = delete = mark_read = typing = check_numbers = _do
    list_instances = find_messages = find_receipt = find_heard = set_webhook = _do

    def rendered(self, content: Any) -> Any:
        return content

    def variants(self, recipient: str) -> Sequence[str]:
        return (recipient,)

    def parse_webhook(self, body: bytes) -> Sequence[Any]:
        return [body]

    def unfamiliar(self, body: bytes) -> Sequence[tuple[str, str]]:
        return []


def guarded(result: Any, name: str = "scripted") -> GuardedProvider:
    return GuardedProvider(_Scripted(result), name, SystemClock(), send_timeout_seconds=0.05, call_timeout_seconds=0.05)


async def send(provider: GuardedProvider) -> Outcome:
    return await provider.send("demo", "34600111222", Text(text="private words"), reference="r")


@pytest.mark.parametrize("outcome", [SENT, REFUSED, Unknown(code="no_answer_reset", text="reset")])
async def test_outcomes_pass_unchanged(outcome: Outcome) -> None:
    assert await send(guarded(outcome)) is outcome


async def test_a_surprise_inside_a_send_is_unknown() -> None:
    with capture_logs() as logs:
        outcome = await send(guarded(RuntimeError("boom 34600111222")))
    assert outcome == Unknown(code="provider_error", text="RuntimeError")
    assert [line["log_level"] for line in logs] == ["error"]


async def test_a_send_without_end_is_unknown() -> None:
    outcome = await send(guarded(None))
    assert isinstance(outcome, Unknown)
    assert outcome.code == "provider_timeout"


async def test_cancellation_is_not_an_outcome() -> None:
    with pytest.raises(asyncio.CancelledError):
        await send(guarded(asyncio.CancelledError()))


async def call(provider: GuardedProvider, name: str) -> Any:
    if name == "list_instances":
        return await provider.list_instances()
    if name == "find_messages":
        return await provider.find_messages("demo", since=NOW, until=NOW)
    return await provider.set_webhook("demo", url="https://x.example", secret="s")


@pytest.mark.parametrize("name", ["list_instances", "find_messages", "set_webhook"])
async def test_other_calls_raise_expected_errors_only(name: str) -> None:
    with pytest.raises(NotFoundError):
        await call(guarded(NotFoundError("no such instance")), name)
    with capture_logs(), pytest.raises(UnavailableError, match="scripted failed: ValueError"):
        await call(guarded(ValueError("boom")), name)
    with pytest.raises(UnavailableError, match="in time"):
        await call(guarded(None), name)
    assert await call(guarded([1]), name) == (None if name == "set_webhook" else [1])


async def test_every_call_is_measured_by_outcome_and_failures_by_code() -> None:
    name = "measured"
    for result in (SENT, SENT, REFUSED, Unknown(code="no_answer_reset", text="")):
        await send(guarded(result, name))
    with pytest.raises(NotFoundError):
        await call(guarded(NotFoundError("gone"), name), "find_messages")

    def count(metric: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(f"anclora_provider_{metric}", {"provider": name} | labels)

    assert count("request_seconds_count", call="send", outcome="sent") == 2
    assert count("request_seconds_count", call="send", outcome="refused") == 1
    assert count("request_seconds_count", call="send", outcome="unknown") == 1
    assert count("request_seconds_count", call="find_messages", outcome="error") == 1
    assert count("failures_total", call="send", code="connection_closed") == 1
    assert count("failures_total", call="find_messages", code="not_found") == 1
    assert count("failures_total", call="send", code="sent") is None


async def test_the_exchange_log_is_redacted_and_only_at_debug() -> None:
    guard._debug.setLevel(logging.DEBUG)
    try:
        with capture_logs() as logs:
            await send(guarded(REFUSED))
    finally:
        guard._debug.setLevel(logging.NOTSET)
    (line,) = logs
    assert (line["recipient"], line["code"], line["kind"]) == ("346…22", "connection_closed", "text")
    assert "34600111222" not in str(line)
    assert "private words" not in str(line)


async def test_without_debug_nothing_is_written() -> None:
    with capture_logs() as logs:
        await send(guarded(SENT))
    assert logs == []


def test_the_rest_is_the_providers_own() -> None:
    provider = guarded(SENT)
    assert provider.capabilities is _Scripted.capabilities
    assert list(provider.parse_webhook(b"x")) == [b"x"]
    assert list(provider.variants("1")) == ["1"]
