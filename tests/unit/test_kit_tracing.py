"""Which messages are traced, what a chore tells, and that nobody pays for what is off."""

import subprocess
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from anclora.kit import reporting, tracing
from anclora.kit.errors import SetupError
from anclora.kit.ids import new_id
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
