"""Cleaning the bucket and proving it clean: the lifecycle rule is there, and nothing outlives it."""

from datetime import date

import msgspec

from anclora.logs.model import StoredLog
from anclora.logs.rules import KEEP_DAYS, OLDEST_DAYS, too_old, why_not_expiring, with_rule
from anclora.logs.store import LogStore


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """One round.

    Attributes:
        done: False = nothing was changed, this is what would be.
        deleted: the logs older than 90 days.
        rule: what was set, if no rule expired the logs in time; None = one did.
        undated: keys that begin with no day: never deleted.
        looked_at: objects of the bucket.
    """

    done: bool
    deleted: tuple[StoredLog, ...]
    rule: str | None
    undated: tuple[str, ...]
    looked_at: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found. `good` = the rule is there, and nothing is older than 91 days."""

    good: bool
    why_not_expiring: str | None
    too_old: tuple[StoredLog, ...]
    undated: tuple[str, ...]
    looked_at: int
    oldest: date | None


def clean(store: LogStore, today: date, *, really: bool) -> Cleaned:
    """Delete every log older than 90 days by the date in its key, and set the lifecycle rule where none does it.

    Args:
        store: the bucket.
        today: in UTC.
        really: False changes nothing and says what would happen.

    Raises:
        UnavailableError: the bucket does not do it; what is deleted stays deleted, and the same call goes on.
    """
    logs = list(store.every())
    old = too_old(logs, today, days=KEEP_DAYS)
    rules = store.rules()
    missing = why_not_expiring(rules, store.prefix)
    if really:
        if missing is not None:
            store.set_rules(with_rule(rules, store.prefix))
        store.delete([log.key for log in old])
    return Cleaned(done=really, deleted=tuple(old), rule=missing, undated=_undated(logs), looked_at=len(logs))


def check(store: LogStore, today: date) -> Verdict:
    """Whether the rule is there and nothing is older than 91 days. Raises `UnavailableError`."""
    logs = list(store.every())
    old = too_old(logs, today, days=OLDEST_DAYS)
    missing = why_not_expiring(store.rules(), store.prefix)
    return Verdict(
        good=missing is None and not old,
        why_not_expiring=missing,
        too_old=tuple(old),
        undated=_undated(logs),
        looked_at=len(logs),
        oldest=min((log.day for log in logs if log.day is not None), default=None),
    )


def _undated(logs: list[StoredLog]) -> tuple[str, ...]:
    return tuple(log.key for log in logs if log.day is None)
