"""The backlog as a line of the log that CloudWatch makes a metric of, for what scales tasks by backlog per task.

CloudWatch Logs takes metrics out of lines in its embedded metric format (AWS, "Specification: Embedded metric format")
whoever wrote them, so nothing beside the program is needed, and no right to publish.
"""

from datetime import datetime
from typing import Any, Protocol

from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.messages.queue_view import QueueView

log = get_logger(__name__)


class LooksAtQueue(Protocol):
    """What is asked: `QueueWatch`."""

    async def look(self) -> QueueView:
        """The queue now."""
        ...


class BacklogLine(Loop):
    """Writes the line once a minute, in every process that keeps house: all say the same, so the maximum is the value.

    Args:
        queue: is looked at.
        namespace: of CloudWatch.
        clock: whose time the value has.
    """

    name = "backlog_line"
    every_seconds = 60.0
    round_timeout_seconds = 15.0

    def __init__(self, queue: LooksAtQueue, namespace: str, clock: Clock) -> None:
        super().__init__()
        self._queue = queue
        self._namespace = namespace
        self._clock = clock

    async def run_once(self) -> bool:
        """One line; none while the lanes are away, for then nobody knows who waits only for a worker."""
        view = await self._queue.look()
        if view.lanes is not None:
            log.info("backlog", **embedded(view, self._namespace, self._clock.now()))
        return False


def embedded(view: QueueView, namespace: str, at: datetime) -> dict[str, Any]:
    """The fields of the line. Pure.

    `Backlog` is what waits for a worker and for nothing else: what pace, order or a pause hold back is not in it, so
    more tasks are never asked for where the senders are the limit. `OldestSeconds`: for how long the first has waited.
    """
    units = {"Backlog": "Count", "OldestSeconds": "Seconds"}
    directive = {
        "Namespace": namespace,
        "Dimensions": [[]],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
    }
    return {
        "_aws": {"Timestamp": int(at.timestamp() * 1_000), "CloudWatchMetrics": [directive]},
        "Backlog": view.waiting,
        "OldestSeconds": round(view.oldest_waiting_seconds, 1),
    }
