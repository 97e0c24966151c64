"""What a provider lets an account or a number do: a change is an event for integrators, a bad one a notice for people.

Words are Meta's: `event` of `account_update`, `account_review_update`, `account_alerts`, `phone_number_quality_update`
and `business_capability_update` (webhooks reference, November 2026).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from anclora.events import EventType
from anclora.instances.book import QUERIES
from anclora.kit.clock import Clock
from anclora.kit.ids import first_id_at
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.kit.severity import Severity
from anclora.notify import Channels, Notice, tell
from anclora.providers.contract import AccountEvent
from anclora.storage.database import Database, Statement

log = get_logger(__name__)
_encode = msgspec.json.Encoder().encode
_AT_ONCE = 50
_BACK = timedelta(days=2)
_HASH_BITS = 62
_CRITICAL = frozenset({
    "ACCOUNT_DELETED", "ACCOUNT_OFFBOARDED", "ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION", "DISABLED_UPDATE",
    "PARTNER_REMOVED", "REJECTED",
})  # fmt: skip
_WARNING = frozenset({"DOWNGRADE", "FLAGGED", "PARTNER_APP_UNINSTALLED", "account_alerts"})
_TITLES: Mapping[str, str] = {
    "es": "Meta cambia lo que puede hacer {who}: {word}",
    "en": "Meta changes what {who} may do: {word}",
}
_WHO: Mapping[str, str] = {"es": "la cuenta", "en": "the account"}


class Said(NamedTuple):
    """One thing a provider said of an account: of which, told under which name, by which webhook."""

    provider: str
    instance: str
    delivery: UUID
    event: AccountEvent


class _Row(msgspec.Struct, frozen=True):
    """The names of `tell_account`."""

    id: UUID
    instance: str
    subject: str
    data: Mapping[str, Any]


def telling(heard: Sequence[Said]) -> Statement:
    """The statement that makes events of these; a webhook that is read twice makes them once."""
    rows = {row.id: row for row in map(_row, heard)}
    for row in rows.values():
        log.warning("account_changed", **row.data)
    values = {"type": EventType.ACCOUNT_CHANGED.value, "rows": _encode([*rows.values()]).decode()}
    return QUERIES["tell_account"], values


def _row(said: Said) -> _Row:
    event = said.event
    subject = f"instance:{said.instance}" if not said.instance.startswith("@") else f"account:{said.provider}"
    data = {
        "provider": said.provider,
        "number": event.number,
        "word": word_of(event.text),
        "quality": event.quality,
        "tier": event.tier,
        "people": event.people,
        "text": event.text,
        "severity": severity_of(event).value,
    }
    return _Row(_id_of(said.delivery, _encode(data)), said.instance, subject, data)


def _id_of(delivery: UUID, facts: bytes) -> UUID:
    """The webhook's moment, and what was said instead of chance: the same each time the webhook is read."""
    mask = (1 << _HASH_BITS) - 1
    return UUID(int=delivery.int & ~mask | int.from_bytes(sha256(facts).digest()[:8]) & mask)


def word_of(text: str | None) -> str | None:
    """Meta's word for what happened, the first of its text."""
    return (text or "").partition(" ")[0] or None


def severity_of(event: AccountEvent) -> Severity:
    """How much a change matters: what stops messages, what soon may, and the rest.

    >>> severity_of(AccountEvent(text="ACCOUNT_RESTRICTION [...]")).value
    'critical'
    """
    word = word_of(event.text)
    if word in _CRITICAL:
        return Severity.CRITICAL
    return Severity.WARNING if word in _WARNING or event.quality == "RED" else Severity.INFO


def notice_of(event_id: UUID, data: Mapping[str, Any], lang: str) -> Notice:
    """What people read."""
    who = f"+{data['number']}" if data["number"] else _WHO[lang]
    facts = [f"{name}: {data[name]}" for name in ("quality", "tier", "text") if data[name]]
    return Notice(
        title=_TITLES[lang].format(who=who, word=data["word"] or data["quality"] or data["tier"] or "?"),
        text="\n".join(facts) or "-",
        key=f"account:{event_id}",
        severity=Severity(data["severity"]),
    )


class AccountNotices(Loop):
    """Tells people of what is bad, once each; safe in several processes at once."""

    name = "account_notices"
    every_seconds = 30.0

    def __init__(self, db: Database, channels: Channels, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._channels = channels
        self._lang = settings.report_language
        self._clock = clock

    async def run_once(self) -> bool:
        """Those of the last two days that nobody was told of yet."""
        now = self._clock.now()
        values = {"type": EventType.ACCOUNT_CHANGED.value, "low": first_id_at(now - _BACK), "limit": _AT_ONCE}
        rows = await self._db.fetch_all(QUERIES["untold_account"], **values)
        for row in rows:
            notice = notice_of(row["id"], row["data"], self._lang)
            to = {name: channel.targets(notice.severity) for name, channel in self._channels.items()}
            async with self._db.transaction() as conn:
                await tell(conn, notice, to, now=now)
        return len(rows) == _AT_ONCE
