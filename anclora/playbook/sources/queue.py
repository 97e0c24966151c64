"""The queue: what waits for us, what was given up for a cause that has passed, what fails now."""

from collections.abc import Mapping

from anclora.messages.dead_letters import count_dead
from anclora.messages.overview import error_rate
from anclora.messages.queue_view import QueueWatch
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading

# Given up after every retry of a refusal that may pass. What is too old or in doubt is a person's decision.
TRANSIENT = "tries_exhausted"


async def waiting(parts: Parts) -> Reading:
    """Messages that lack only a free worker."""
    view = await QueueWatch(parts.db, parts.queue, parts.book, parts.settings, parts.clock).look()
    lanes = sorted(view.lanes or (), key=lambda lane: -lane.waiting)
    facts = [f"{lane.instance}: {lane.waiting}" for lane in lanes if lane.waiting][:MOST_FACTS]
    facts += [f"{lane.instance}: paused ({lane.why or '-'})" for lane in lanes if lane.paused][:MOST_FACTS]
    return Reading(value=float(view.waiting), facts=facts)


async def dead(parts: Parts) -> Reading:
    """Dead letters that wait for a person, by cause."""
    counts = await count_dead(parts.db)
    return Reading(value=float(sum(counts.values())), facts=[f"{reason}: {count}" for reason, count in counts.items()])


async def failing(parts: Parts) -> Reading:
    """Of a hundred messages ended in the last five minutes, how many failed for our fault or the provider's."""
    found = await error_rate(parts.db, parts.now)
    return Reading(value=round(found.rate * 100, 1), facts=[f"of {found.samples} messages"])


QUERIES: Mapping[str, Query] = {"queue.waiting": waiting, "queue.dead": dead, "queue.failing_percent": failing}
