"""Which day a log belongs to, when that day is closed, and how old is too old. Pure; the clock is passed in.

Days are UTC, as the moments in the log are.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from anclora.logs.model import LocalLog, StoredLog

KEEP_DAYS = 90  # also what the lifecycle rule says
OLDEST_DAYS = 91  # S3 expires at the midnight after, so a log may be one day older
RULE_ID = "anclora-logs-expire"
_SETTLE = timedelta(minutes=5)  # a writer may still flush yesterday's last lines
_IN_NAME = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_IN_KEY = re.compile(r"(\d{4}-\d{2}-\d{2})/.+")


def day_in_name(name: str) -> date | None:
    """The day in a file's name, such as `api-2026-01-31.log`."""
    match = _IN_NAME.search(name)
    return _day(match[1]) if match else None


def day_in_key(key: str, prefix: str) -> date | None:
    """The day an object's key begins with, behind the prefix."""
    match = _IN_KEY.fullmatch(key.removeprefix(prefix)) if key.startswith(prefix) else None
    return _day(match[1]) if match else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def key_of(log: LocalLog, *, prefix: str, host: str, digest: str | None = None) -> str:
    """Where a log lies in the bucket; with a digest when the plain place is taken by other bytes."""
    mark = f".{digest[:12]}" if digest else ""
    return f"{prefix}{log.day:%Y-%m-%d}/{host}/{log.path.name}{mark}.gz"


def is_closed(day: date, now: datetime) -> bool:
    """Whether nothing is written to a day's log any more."""
    return day < (now - _SETTLE).date()


def may_be_pruned(day: date, now: datetime, *, local_days: int) -> bool:
    """Whether a shipped log may go from this machine."""
    return is_closed(day, now) and (now.date() - day).days > local_days


def too_old(logs: Iterable[StoredLog], today: date, *, days: int) -> list[StoredLog]:
    """The logs older than so many days: one of exactly that age stays, one without a day too."""
    return [log for log in logs if log.day is not None and (today - log.day).days > days]


def expiry_rule(prefix: str) -> dict[str, Any]:
    """The lifecycle rule, as S3 takes it: also for what a versioned bucket keeps, and for uploads that never ended."""
    return {
        "ID": RULE_ID,
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "Expiration": {"Days": KEEP_DAYS},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }


def with_rule(rules: Iterable[Mapping[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """A bucket's rules with ours among them; others are left as they are."""
    return [*(dict(each) for each in rules if each.get("ID") != RULE_ID), expiry_rule(prefix)]


def why_not_expiring(rules: Iterable[Mapping[str, Any]], prefix: str) -> str | None:
    """Why no rule expires the logs in time; None = one does, ours or another."""
    near: str | None = None
    for each in rules:
        days = each.get("Expiration", {}).get("Days")
        if not prefix.startswith(_prefix_of(each)) or days is None or _narrowed(each):
            continue
        if each.get("Status") == "Enabled" and days <= KEEP_DAYS:
            return None
        near = f"the rule {each.get('ID', '?')} is {each.get('Status', '?').lower()}, with {days} days"
    return near or f"the bucket has no lifecycle rule that expires {prefix or 'its objects'} after {KEEP_DAYS} days"


def _prefix_of(rule: Mapping[str, Any]) -> str:
    within: Mapping[str, Any] = rule.get("Filter", {})
    return str(rule.get("Prefix") or within.get("Prefix") or within.get("And", {}).get("Prefix") or "")


def _narrowed(rule: Mapping[str, Any]) -> bool:
    """Whether it speaks of some objects only: by tag or size."""
    return bool(set(rule.get("Filter", {})) - {"Prefix"})
