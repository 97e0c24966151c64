"""Decisions about backups: names, when one is due, which may go. Pure; the clock is passed in."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from anclora.backups.model import Kind, Print, Tier
from anclora.kit.errors import InvalidError

KEPT: Mapping[Tier, timedelta | None] = {
    Tier.BASE: timedelta(days=7),  # and the log since the oldest one that is kept
    Tier.HOURLY: timedelta(hours=24),
    Tier.DAILY: timedelta(days=7),
    Tier.WEEKLY: timedelta(weeks=4),
    Tier.MANUAL: None,  # whoever made it knows why
}
SCHEDULED = (Tier.WEEKLY, Tier.DAILY, Tier.HOURLY)
"""In the order of making: what a longer lived one has, the hourly one need not have again."""
PROVE_DAYS = 6.5  # a week, begun in the same quiet hours
QUIET_HOURS = range(3, 6)  # of the business
AGAIN_HOURS = 20
UNFINISHED_HOURS = 24
RETRY_MINUTES = 10
_STAMP = "%Y-%m-%dT%H%M%SZ"
_NAME = re.compile(
    rf"({'|'.join(Kind)})/({'|'.join(Tier)})/(\d{{4}}-\d\d-\d\dT\d{{6}}Z)",
)
_MANIFEST = re.compile(rf"({_NAME.pattern})\.json")
_DATA = re.compile(rf"({'|'.join(Kind)})/({'|'.join(Tier)})/data/(\d{{4}}-\d\d-\d\dT\d{{6}}Z)\.[a-z.]+")
_ENDINGS = {Kind.POSTGRES: "dump", Kind.EVOLUTION: "dump", Kind.REDIS: "rdb", Kind.CONFIG: "json"}


class Good(NamedTuple):
    """A whole backup, as far as retention cares."""

    name: str
    kind: Kind
    tier: Tier
    made_at: datetime


class Proof(NamedTuple):
    """Of one kind: when a backup last came back as it was, and when a try last failed."""

    good_at: datetime | None
    failed_at: datetime | None

    @property
    def holds(self) -> bool:
        """Whether the last try was good."""
        return self.good_at is not None and (self.failed_at is None or self.failed_at < self.good_at)


def proof_is_due(proof: Proof, now: datetime, *, zone: str) -> bool:
    """Whether a backup of this kind should be restored and compared now: once a week, in quiet hours.

    One that failed is tried again in the quiet hours of the next day.
    """
    if now.astimezone(ZoneInfo(zone)).hour not in QUIET_HOURS:
        return False
    if proof.failed_at is not None and not proof.holds:
        return now - proof.failed_at > timedelta(hours=AGAIN_HOURS)
    return proof.good_at is None or now - proof.good_at > timedelta(days=PROVE_DAYS)


def name_of(kind: Kind, tier: Tier, made_at: datetime, taken: Iterable[str] = ()) -> str:
    """The name of a new backup: names sort by time, and none of `taken` is used again."""
    known = set(taken)
    moment = made_at.astimezone(UTC)
    while (name := f"{kind}/{tier}/{moment:{_STAMP}}") in known:
        moment += timedelta(seconds=1)
    return name


def manifest_key(name: str) -> str:
    """Where the manifest of a backup lies. In its folder lie only manifests, so the last one listed is the newest."""
    return f"{name}.json"


def data_key(name: str) -> str:
    """Where its bytes lie."""
    folder, _, stamp = name.rpartition("/")
    kind, _, tier = folder.partition("/")
    ending = "tar.gz" if tier == Tier.BASE else _ENDINGS[Kind(kind)]
    return f"{folder}/data/{stamp}.{ending}.enc"


def name_of_manifest(key: str) -> str | None:
    """The backup a key is the manifest of."""
    match = _MANIFEST.fullmatch(key)
    return match[1] if match else None


def name_of_data(key: str) -> str | None:
    """The backup a key holds the bytes of."""
    match = _DATA.fullmatch(key)
    return f"{match[1]}/{match[2]}/{match[3]}" if match else None


def parse_name(text: str) -> str:
    """A name as a person types it.

    Raises:
        InvalidError: it is none.
    """
    name = text.strip().removesuffix(".json")
    if _NAME.fullmatch(name) is None:
        raise InvalidError(f"{text[:80]!a} names no backup. See: anclora backup list", code="invalid_backup_name")
    return name


def moment_of(name: str) -> datetime:
    """The moment in a name."""
    return datetime.strptime(name.rpartition("/")[2], _STAMP).replace(tzinfo=UTC)


def slot_of(tier: Tier, now: datetime) -> datetime:
    """The beginning of the hour, day or week (Monday) of UTC that a scheduled backup is for."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if tier is Tier.HOURLY:
        return hour
    day = hour.replace(hour=0)
    return day if tier is Tier.DAILY else day - timedelta(days=day.weekday())


def is_due(tier: Tier, last: Mapping[Tier, datetime], failed_at: datetime | None, now: datetime) -> bool:
    """Whether a scheduled backup should be made now.

    Args:
        tier: which.
        last: the moments of the newest good ones of the kind, by tier.
        failed_at: when one of this kind and tier failed last.
        now: the present.
    """
    if tier not in SCHEDULED:
        return False
    if failed_at is not None and timedelta() <= now - failed_at < timedelta(minutes=RETRY_MINUTES):
        return False
    own = last.get(tier)
    # Any backup of this hour is as good as the hourly one; a day's and a week's lie in a folder people look into.
    seen = max(last.values(), default=None) if tier is Tier.HOURLY else own
    return seen is None or seen < slot_of(tier, now)


def to_remove(backups: Iterable[Good], now: datetime) -> Sequence[str]:
    """The names of those past their time, oldest first; the newest of a kind, and the newest base, stay for ever."""
    every = sorted(backups, key=lambda each: (each.made_at, each.name))
    newest = {(each.kind, each.tier is Tier.BASE): each.name for each in every}
    return [each.name for each in every if each.name not in newest.values() and _is_over(each, now)]


def _is_over(backup: Good, now: datetime) -> bool:
    kept = KEPT[backup.tier]
    return kept is not None and now - backup.made_at > kept


def left_behind(keys: Iterable[str], whole: Iterable[str], now: datetime) -> Sequence[str]:
    """Keys of bytes whose backup never became whole, a day after they should have."""
    known = set(whole)
    oldest = now - timedelta(hours=UNFINISHED_HOURS)
    named = ((key, name_of_data(key)) for key in keys)
    return [key for key, name in named if name is not None and name not in known and moment_of(name) < oldest]


def differences(expected: Mapping[str, Print], found: Mapping[str, Print]) -> Sequence[str]:
    """Sentences on what a restore gave that the backup did not promise, or the other way round."""
    told: list[str] = []
    for name in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(name), found.get(name)
        if ours is None or theirs is None:
            told.append(f"{name} is {'missing' if theirs is None else 'new'}")
        elif ours.rows != theirs.rows:
            told.append(f"{name} has {theirs.rows} rows, {ours.rows} were backed up")
        elif ours.hash != theirs.hash:
            told.append(f"{name} has as many rows, and others")
    return told
