"""The line CloudWatch makes a metric of: what it holds, that the log lets it through, and when there is none."""

import io
import json
import logging
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from anclora import workers
from anclora.health.backlog import BacklogLine
from anclora.kit.clock import SystemClock
from anclora.kit.logging import configure_logging
from anclora.kit.settings import load_settings
from anclora.messages.overview import QueueCounts
from anclora.messages.queue_view import QueueView, view_of
from anclora.runtime import Runtime

AT = datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)
COUNTS = QueueCounts(
    queued=1_300, scheduled=0, held=40, held_by_instance={}, oldest_by_instance={}, sending=0, unknown=0,
    completed_24h=0, failed_24h=0, dlq=0, throughput_per_second=0.0, throughput_by_instance={},
)  # fmt: skip


class _At(SystemClock):
    def now(self) -> datetime:
        return AT


class _Queue:
    def __init__(self, view: QueueView) -> None:
        self._view = view

    async def look(self) -> QueueView:
        return self._view


@pytest.fixture
def written() -> io.StringIO:
    configure_logging("INFO")
    stream = io.StringIO()
    [handler] = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    return stream


async def test_the_line_holds_what_waits_for_a_worker_and_for_nothing_else(written: io.StringIO) -> None:
    view = view_of(COUNTS, 1_200, 10, 90, 12.34, [])
    assert await BacklogLine(_Queue(view), "Anclora/production", _At()).run_once() is False
    line = json.loads(written.getvalue())
    assert line["_aws"] == {
        "Timestamp": 1_769_860_800_500,
        "CloudWatchMetrics": [
            {
                "Namespace": "Anclora/production",
                "Dimensions": [[]],
                "Metrics": [{"Name": "Backlog", "Unit": "Count"}, {"Name": "OldestSeconds", "Unit": "Seconds"}],
            }
        ],
    }
    # The specification wants each named metric as a number at the root.
    assert (line["Backlog"], line["OldestSeconds"]) == (1_200, 12.3)


def test_it_is_written_where_a_namespace_is_set_and_nowhere_else() -> None:
    parts = dict.fromkeys(("db", "queue", "book", "clock"))

    def loops(namespace: str | None) -> list[str]:
        settings = load_settings(metrics_namespace=namespace)
        return [loop.name for loop in workers._backlog(cast("Runtime", SimpleNamespace(**parts, settings=settings)))]

    assert (loops(None), loops("Anclora/production")) == ([], ["backlog_line"])


async def test_while_the_lanes_are_away_there_is_no_line_rather_than_a_wrong_one(written: io.StringIO) -> None:
    await BacklogLine(_Queue(view_of(COUNTS, 1_260, 0, 0, 0.0)), "Anclora/production", _At()).run_once()
    assert written.getvalue() == ""
