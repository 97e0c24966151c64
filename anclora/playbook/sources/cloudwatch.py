"""A log group of CloudWatch Logs, read as it was written; counting is done here and not by their filters."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from anclora.kit.errors import UnavailableError
from anclora.playbook.errors import NoDataError
from anclora.playbook.sources.aws import ask_aws
from anclora.playbook.sources.contract import Reading

_MOST_PAGES = 50


async def each_since(group: str, since: datetime, count: Callable[[Iterable[str]], None]) -> None:
    """Count what was written to a group since then."""
    await ask_aws("logs", f"The log group {group}", lambda client: count(_texts(client, group, since)))


async def retention_days(group: str) -> Reading:
    """For how many days a group keeps what is written.

    Raises:
        NoDataError: it keeps it for ever, or is not there.
    """

    def look(client: Any) -> int | None:
        found = client.describe_log_groups(logGroupNamePrefix=group).get("logGroups", ())
        own = [each for each in found if each.get("logGroupName") == group]
        if not own:
            raise NoDataError(f"The log group {group} is not there.")
        return own[0].get("retentionInDays")

    days = await ask_aws("logs", f"The log group {group}", look)
    if days is None:
        raise NoDataError(f"The log group {group} keeps everything for ever: it has no retention.")
    return Reading(value=float(days), facts=[f"{group}: {days} d"])


def _texts(client: Any, group: str, since: datetime) -> Iterator[str]:
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=int(since.timestamp() * 1000)
    )
    for number, page in enumerate(pages, start=1):
        if number > _MOST_PAGES:
            raise UnavailableError(f"The log group {group} holds too much to be counted here.", code="too_much")
        for event in page.get("events", ()):
            yield from str(event.get("message", "")).splitlines()
