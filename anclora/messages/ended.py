"""Ends of messages as they are counted: outcome and whose fault. Each end is counted once, where it is stored.

A message that was given up and turns out to have been sent is counted as both: what counts only grows, and the ledger's
figures say which of the two it was in the end.
"""

from collections.abc import Mapping

from anclora.kit.metrics import Bounded
from anclora.messages import metrics
from anclora.messages.model import State
from anclora.providers.contract import Fault

# As people who watch it ask: does it lie with the person or the message, with the provider, or with us?
FAULTS: Mapping[Fault, str] = {
    Fault.CALLER: "recipient",
    Fault.RECIPIENT: "recipient",
    Fault.PROVIDER: "provider",
    Fault.OURS: "platform",
}
_UNSENT: Mapping[str, str] = {"blocked": "recipient", "expired": "none", "canceled": "none"}
_SENT = metrics.ENDED.labels("sent", "none")
_reason = Bounded()
for _fault in ("recipient", "provider", "platform"):  # a rate needs the series before the first failure
    metrics.ENDED.labels("failed", _fault)


def count_sent(count: int) -> None:
    """So many that had not been known to be out are."""
    _SENT.inc(count)


def count_failed(fault: str, count: int = 1) -> None:
    """So many were refused for good."""
    metrics.ENDED.labels("failed", fault).inc(count)


def count_dead(reason: str, fault: str, count: int = 1) -> None:
    """So many were given up."""
    count_failed(fault, count)
    metrics.BURIED.labels(_reason(reason)).inc(count)


def count_unsent(verdict: str, count: int) -> None:
    """So many ended before they left, if this verdict ends them."""
    if verdict == State.DEAD:  # too old
        count_dead("too_old", "platform", count)
    elif verdict in _UNSENT:
        metrics.ENDED.labels(verdict, _UNSENT[verdict]).inc(count)
