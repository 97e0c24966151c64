"""What is counted and timed of a group of results, once the ledger has it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from anclora.kit.metrics import observe_all
from anclora.messages import metrics
from anclora.messages.attempt import Result
from anclora.messages.ended import FAULTS, count_dead, count_failed, count_sent
from anclora.messages.model import State
from anclora.providers.contract import Refused, Sent


def count_results(batch: Sequence[Result], states: Mapping[UUID, str], *, served_until: datetime | None) -> None:
    """The results of a group, and what they made of the messages they changed.

    Args:
        batch: the results.
        states: the messages they changed, with the states they gave them.
        served_until: until when somebody took what was ready, before this process began; None = nobody ever did.
    """
    late: list[float] = []
    took: list[float] = []
    sent = 0
    served_seconds = 0.0 if served_until is None else served_until.timestamp()
    for result in batch:
        took_seconds, late_seconds = durations(result, served_seconds=served_seconds)
        took.append(took_seconds)
        state = states.get(result.intent.id)
        if isinstance(result.outcome, Sent):
            late.append(late_seconds)
            if state == State.FAILED:  # the provider had already said that it did not go through
                count_failed("provider")
            else:
                sent += state is not None
        elif state in (State.FAILED, State.DEAD) and isinstance(result.outcome, Refused):
            fault = FAULTS[result.outcome.fault]
            if state == State.FAILED:
                count_failed(fault)
            else:
                count_dead(result.verdict.code or "unknown", fault)
    count_sent(sent)
    observe_all(metrics.PROCESSING, took)
    observe_all(metrics.LATENCY, late)


def durations(result: Result, *, served_seconds: float) -> tuple[float, float]:
    """How long a request took, and how long its message had been free to go when it ended; seconds. Pure."""
    intent, waited_ms = result.intent, result.intent.claimed.waited_ms
    intent_at = intent.intent_at.timestamp()
    took = result.at.timestamp() - intent_at
    due = intent_at - intent.trial.due_since.timestamp()
    if waited_ms is None:
        waited = min(due, intent_at - served_seconds)
    elif waited_ms < 0:  # its slot came later than the right to send it
        return max(0.0, took + waited_ms / 1000), max(0.0, took + waited_ms / 1000)
    else:
        waited = min(due, waited_ms / 1000)
    return max(0.0, took), max(0.0, took + waited)
