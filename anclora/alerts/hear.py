"""What comes by Alertmanager's webhook becomes states and signals, under the same fingerprints as our own findings.

Its format: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config (version 4; members nobody named
there are ignored, since it grows). The same post may come again: Alertmanager repeats what goes on.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from anclora.alerts import metrics
from anclora.alerts.catalogue import find
from anclora.alerts.facts import QUERIES
from anclora.alerts.model import NOBODY, Alert
from anclora.alerts.rules import State, fingerprint
from anclora.alerts.signals import Signals
from anclora.alerts.states import ALERTMANAGER, drop, keep, keep_round, raise_all, read_states
from anclora.kit.errors import NotFoundError
from anclora.kit.severity import PRESSING, Severity
from anclora.storage.database import Database, execute

MOST_ALERTS = 1_000
_MOST_LABELS, _MOST_CHARS, _MOST_SUMMARY = 40, 200, 500
_OWN = ("alertname", "severity", "owner", "direct")


class PostedAlert(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One alert of a post.

    Attributes:
        starts_at: when it began to fire, by Prometheus.
        ends_at: of one that is resolved; of one that fires it says nothing.
    """

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime
    ends_at: datetime | None = None


class AlertmanagerPost(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What Alertmanager posts: the alerts of one group. `version` is 4."""

    version: Literal["4"]
    receiver: str = ""
    alerts: Annotated[list[PostedAlert], msgspec.Meta(max_length=MOST_ALERTS)]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a post. `ignored` = those that are said to nobody, such as the watchdog."""

    firing: int
    over: int
    ignored: int


async def hear(db: Database, signals: Signals, post: AlertmanagerPost, *, now: datetime) -> Taken:
    """Take a post in, in one transaction: all of it or nothing, and it comes again.

    Raises:
        UnavailableError: nothing is stored.
    """
    told = [_state(each, now) for each in post.alerts]
    pairs = [(state, each) for state, each in zip(told, post.alerts, strict=True) if _urgency(each) != NOBODY]
    async with db.transaction() as conn:
        await execute(conn, QUERIES["one_post_at_a_time"])
        known = {state.fingerprint: state for state in await read_states(conn, ALERTMANAGER)}
        if len(pairs) < len(told):  # the watchdog: Prometheus is alive
            await keep_round(conn, ALERTMANAGER, now)
        firing = [state for state, each in pairs if each.status == "firing"]
        over = [known[s.fingerprint] for s, each in pairs if each.status == "resolved" and s.fingerprint in known]
        await keep(conn, firing)
        await raise_all(conn, signals, firing)
        await drop(conn, signals, over, now)
    for each in post.alerts:
        metrics.HEARD.labels(each.status).inc()
    return Taken(firing=len(firing), over=len(over), ignored=len(told) - len(pairs))


def _state(posted: PostedAlert, now: datetime) -> State:
    name = _line(posted.labels.get("alertname", "unnamed"), _MOST_CHARS) or "unnamed"
    labels = _labels(posted.labels, known=_known(name))
    severity = _urgency(posted)
    starts_at = min(posted.starts_at, now) if posted.starts_at.tzinfo else now
    return State(
        fingerprint=fingerprint(name, labels),
        source=ALERTMANAGER,
        name=name,
        severity=Severity(severity) if severity in PRESSING else Severity.WARNING,
        labels=labels,
        summary=_line(posted.annotations.get("summary", ""), _MOST_SUMMARY) or name,
        level=0.0,
        pending_since=starts_at,
        firing_since=starts_at,
        told_at=now,
        seen_at=now,
    )


def _urgency(posted: PostedAlert) -> str:
    return posted.labels.get("severity", Severity.WARNING.value)


def _known(name: str) -> Sequence[str] | None:
    """The labels that tell one occurrence of an alert from another; None = it is somebody's own, all count."""
    try:
        found = find(name)
    except NotFoundError:
        return None
    return found.by if isinstance(found, Alert) else ("series",)


def _labels(given: Mapping[str, str], *, known: Sequence[str] | None) -> dict[str, str]:
    names = [name for name in sorted(given) if (name in known if known is not None else name not in _OWN)]
    return {_line(name, _MOST_CHARS): _line(given[name], _MOST_CHARS) for name in names[:_MOST_LABELS]}


def _line(text: str, most: int) -> str:
    """Words of others as one printable line."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:most].strip()
