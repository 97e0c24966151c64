"""Which messages are traced, what a chore tells, and that nobody pays for what is off."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from anclora.kit import lifecycle, reporting, tracing
from anclora.kit.errors import SetupError
from anclora.kit.ids import new_id
from anclora.kit.lifecycle import Loop, running
from anclora.kit.otel import Exported, share_wanted
from anclora.kit.sentry import scrubbed
from anclora.kit.settings import load_settings


@pytest.mark.parametrize(
    ("environment", "share"),
    [
        ({}, 0.05),
        ({"OTEL_TRACES_SAMPLER_ARG": "0.5"}, 0.5),
        ({"OTEL_TRACES_SAMPLER": "always_on"}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, 0.0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}, 0.25),
        ({"OTEL_TRACES_SAMPLER": "traceidratio"}, 1.0),
    ],
)
def test_the_fields_own_names_say_how_many_are_traced(environment: Mapping[str, str], share: float) -> None:
    assert share_wanted(environment) == share


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_TRACES_SAMPLER": "jaeger_remote"},
        {"OTEL_TRACES_SAMPLER_ARG": "many"},
        {"OTEL_TRACES_SAMPLER_ARG": "2"},
        {"OTEL_TRACES_SAMPLER_ARG": "nan"},
    ],
)
def test_a_share_nobody_can_read_refuses_to_start(environment: Mapping[str, str]) -> None:
    with pytest.raises(SetupError, match="OTEL_TRACES_SAMPLER"):
        share_wanted(environment)


def test_every_process_traces_the_same_share_of_the_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.2")
    one, other = Exported(version="1"), Exported(version="1")
    ids = [new_id() for _ in range(4_000)]
    chosen = [message_id for message_id in ids if one.wants(message_id)]
    assert chosen == [message_id for message_id in ids if other.wants(message_id)]
    assert 600 < len(chosen) < 1_000
    one.close()
    other.close()


def test_off_is_off_and_not_even_loaded() -> None:
    assert tracing.start_tracing(version="1") is None
    assert reporting.start_reporting(load_settings(), version="1") is None
    code = (
        "import sys, anclora.cli.app; from anclora.kit.tracing import start_tracing; start_tracing(version='1')\n"
        "assert not {'sentry_sdk', 'opentelemetry.sdk.trace', 'opentelemetry.exporter'} & sys.modules.keys()"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], env={"PATH": "", "ANCLORA_ENV_FILE": ""}, cwd=root, check=True)


class Heard:
    """A collector that notes."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def begin(self, chore: str, every_seconds: float) -> str:
        self.said.append((chore, every_seconds))
        return "id"

    def end(self, chore: str, check_in: str, *, ok: bool, took_seconds: float) -> None:
        self.said.append((chore, check_in, ok, took_seconds))

    def close(self) -> None:
        """Nothing is left."""


@pytest.fixture
def heard() -> Generator[Heard, None, None]:
    """Whoever collects, for the length of a test."""
    reporting.use(found := Heard())
    yield found
    reporting.use(None)


def test_a_chore_tells_when_it_begins_and_how_it_ended(heard: Heard) -> None:
    moments = iter([10.0, 12.5, 20.0, 21.0])
    with reporting.chore("sweep", 60.0, lambda: next(moments)):
        pass
    with pytest.raises(ValueError, match="no"), reporting.chore("sweep", 60.0, lambda: next(moments)):
        raise ValueError("no")
    with reporting.chore(None, 60.0, lambda: next(moments)):
        pass
    assert heard.said == [("sweep", 60.0), ("sweep", "id", True, 2.5), ("sweep", 60.0), ("sweep", "id", False, 1.0)]


class Ticking(Loop):
    """Comes round often; fails in the rounds it is told to."""

    chore = "tick"
    every_seconds = 20.0

    def __init__(self, *fails: int) -> None:
        super().__init__()
        self.fails, self.done = fails, 0

    async def run_once(self) -> bool:
        self.done += 1
        if self.done in self.fails:
            raise RuntimeError("broken")
        return False


async def test_a_routine_that_comes_round_often_checks_in_every_five_minutes_and_once_it_works_again(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(lifecycle, "time", SimpleNamespace(monotonic=lambda: now))
    loop = Ticking(6)  # the first moment has two rounds: it begins, and is nudged
    async with running([loop], stop_timeout_seconds=5):
        for moment in (1_000.0, 1_020.0, 1_299.0, 1_300.0, 1_600.0, 1_620.0, 1_640.0):
            now = moment
            loop.nudge()
            for _ in range(10):
                await asyncio.sleep(0)
    begun = [each for each in heard.said if len(each) == 2]
    ended = [ok for _, _, ok, _ in (each for each in heard.said if len(each) == 4)]
    assert begun == [("tick", 300.0)] * 4  # at 1,000, at 1,300, at 1,600 it fails, at 1,620
    assert ended == [True, True, False, True]


def test_the_page_names_every_routine_that_checks_in() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "howto" / "watch-it.md").read_text(encoding="utf-8").partition("## Sentry")[2]
    named = {
        name
        for path in (root / "anclora").rglob("*.py")
        for name in re.findall(r'^    chore = "([a-z-]+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) >= 15
    assert set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", page)) == named


def test_an_event_keeps_its_ids_and_loses_whatever_somebody_said() -> None:
    event: Any = {
        "event_id": "12345678901234567890123456789012",
        "timestamp": "2026-11-27T12:00:00Z",
        "logentry": {"message": "sending to 34600111222 failed"},
        "exception": {"values": [{"value": "34600111222", "stacktrace": {"frames": [{"vars": {"draft": "hola"}}]}}]},
        "extra": {"text": "hola", "to": "34600111222"},
    }
    found = scrubbed(event, {})
    assert (found.get("event_id"), found.get("timestamp")) == (event["event_id"], event["timestamp"])
    assert "600111222" not in str(found)
    assert "hola" not in str(found)
