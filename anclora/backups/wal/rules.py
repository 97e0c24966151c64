"""Decisions about the log beside base backups: names, what a recovery needs, holes, what may go. Pure.

A segment is known by its name of 24 hex digits: timeline, and a number. Each round of shipping writes a transaction of
its own, closes the segment it lies in and says with that one when it did: `…-<moment>.gz.enc`. So that segment, and no
earlier one, is sure to hold a transaction after the moment, which is what a recovery to it has to see.
"""

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from anclora.backups.errors import DamagedError, RefusedError
from anclora.backups.model import Lying, Manifest, Origin
from anclora.kit.errors import InvalidError, NotFoundError

FOLDER = "postgres/wal/"
BASE_HOURS = 24
UNUSED_HOURS = 24
_STAMP = "%Y-%m-%dT%H%M%S.%fZ"
_KEY = re.compile(
    rf"{FOLDER}(\d+)/([0-9A-F]{{24}}|[0-9A-F]{{8}}\.history)(?:-(\d{{4}}-\d\d-\d\dT\d{{6}}\.\d{{6}}Z))?\.gz\.enc"
)
_HEAD = struct.Struct("<HHIQIxxxxQII")  # XLogLongPageHeaderData
_LONG_HEADER = 2
_PER_LOG = 1 << 32


class Segment(NamedTuple):
    """A shipped piece of the log; `closed_at` = a moment it is sure to reach beyond, None = nobody can say."""

    system: str
    name: str
    closed_at: datetime | None
    key: str

    @property
    def timeline(self) -> int:
        """Whose log it is a piece of."""
        return int(self.name[:8], 16)


class Plan(NamedTuple):
    """What a recovery takes: a base, and the segments in order."""

    base: Manifest
    origin: Origin
    segments: Sequence[Segment]
    instant: datetime


def key_of(system: str, name: str, closed_at: datetime | None = None) -> str:
    """Where a segment, or the history of a timeline, lies."""
    moment = "" if closed_at is None else f"-{closed_at.astimezone(UTC):{_STAMP}}"
    return f"{FOLDER}{system}/{name}{moment}.gz.enc"


def parse_key(key: str) -> Segment | None:
    """The segment of a key; None = it is none."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    closed_at = datetime.strptime(match[3], _STAMP).replace(tzinfo=UTC) if match[3] else None
    return Segment(match[1], match[2], closed_at, key)


def parsed(lying: Iterable[Lying]) -> Sequence[Segment]:
    """Every segment of a listing; not the histories."""
    found = [segment for each in lying if (segment := parse_key(each.key))]
    return [each for each in found if not each.name.endswith(".history")]


def following(name: str, segment_bytes: int) -> str:
    """The name of the next segment of a timeline."""
    per_log = _PER_LOG // segment_bytes
    number = int(name[8:16], 16) * per_log + int(name[16:], 16) + 1
    return f"{name[:8]}{number // per_log:08X}{number % per_log:08X}"


def last_byte(lsn: str, segment_bytes: int, *, at_most_from: str | None = None, segments: int = 0) -> str:
    """The last position of the segment that ends at or holds the byte before `lsn`.

    Args:
        lsn: where the log was switched.
        segment_bytes: size of a segment.
        at_most_from: begin counting there, and go no further than so many `segments`.
        segments: the bound.
    """
    number = max(0, _number(lsn) - 1) // segment_bytes
    if at_most_from is not None:
        number = min(number, _number(at_most_from) // segment_bytes + segments - 1)
    return _text((number + 1) * segment_bytes - 1)


def after(position: str) -> str:
    """The position behind another."""
    return _text(_number(position) + 1)


def segment_at(timeline: int, position: str, segment_bytes: int) -> str:
    """The name of the segment a position lies in."""
    number, per_log = _number(position) // segment_bytes, _PER_LOG // segment_bytes
    return f"{timeline:08X}{number // per_log:08X}{number % per_log:08X}"


def chain(origin: Origin, segments: Iterable[Segment]) -> tuple[Sequence[Segment], str | None]:
    """The segments of a base in order, as far as none is missing; the first missing one with others behind it."""
    known: dict[str, Segment] = {}
    for each in segments:
        if each.system != origin.system or each.timeline != origin.timeline or each.name < origin.begins:
            continue
        held = known.get(each.name)
        # Shipped twice, after a crash: the earliest moment is right for both.
        if held is None or _moment(each) < _moment(held):
            known[each.name] = each
    found: list[Segment] = []
    name = origin.begins
    while name in known:
        found.append(known.pop(name))
        name = following(name, origin.segment_bytes)
    return found, name if known else None


def reach(base: Manifest, segments: Iterable[Segment]) -> datetime | None:
    """The last moment a base and its log bring back; None = not even the base's own."""
    if not isinstance(base.origin, Origin):
        return None
    moments = [each.closed_at for each in chain(base.origin, segments)[0] if each.closed_at is not None]
    return moments[-1] if moments and moments[-1] >= base.made_at else None


def plan(bases: Iterable[Manifest], segments: Sequence[Segment], instant: datetime | None, now: datetime) -> Plan:
    """What a recovery to an instant takes; None = as far as the log goes.

    Raises:
        InvalidError: the instant is in the future.
        NotFoundError: there is no base of before it.
        RefusedError: the log does not reach it, or has a hole.
    """
    if instant is not None and instant > now:
        raise InvalidError(f"{_said(instant)} is in the future: it is {_said(now)}.", code="instant_in_the_future")
    every = sorted((each for each in bases if isinstance(each.origin, Origin)), key=lambda each: each.made_at)
    before = [each for each in every if instant is None or each.made_at <= instant]
    if not before:
        first = f" The oldest is of {_said(every[0].made_at)}." if every else ""
        raise NotFoundError(
            f"There is no base backup of before {_said(instant or now)}.{first} See: anclora backup list",
            code="no_base_before",
        )
    base = before[-1]
    origin = _origin(base)
    found, hole = chain(origin, segments)
    ends = reach(base, found)
    wanted = instant or ends
    for place, each in enumerate(found):
        if wanted is not None and each.closed_at is not None and each.closed_at >= wanted:
            return Plan(base, origin, found[: place + 1], wanted)
    known = f"It is whole until {_said(ends)}." if ends else "Not even the base can be used."
    if hole is not None:
        raise RefusedError(
            f"The log after {base.name} has a hole: the segment {hole} is missing. {known} Name an instant before "
            "that, or restore a dump: anclora backup list"
        )
    raise RefusedError(
        f"The log after {base.name} does not reach {_said(wanted or now)} yet. {known} Name an instant before that; "
        "a running Anclora ships the next piece within ANCLORA_BACKUP_WAL_SECONDS."
    )


def is_base_due(
    bases: Iterable[Manifest], segments: Sequence[Segment], system: str, timeline: int, now: datetime
) -> bool:
    """Whether another base is needed: there is none of this log, it is a day old, or the log after it has a hole."""
    own = [
        each
        for each in bases
        if isinstance(each.origin, Origin) and (each.origin.system, each.origin.timeline) == (system, timeline)
    ]
    if not own:
        return True
    newest = max(own, key=lambda each: each.made_at)
    if now - newest.made_at >= timedelta(hours=BASE_HOURS):
        return True
    return isinstance(newest.origin, Origin) and chain(newest.origin, segments)[1] is not None


def to_let_go(bases: Iterable[Manifest], segments: Iterable[Segment], now: datetime) -> Sequence[str]:
    """Keys of segments no base that is kept needs, once they are a day old; younger ones may get their base yet."""
    origins = [each.origin for each in bases if isinstance(each.origin, Origin)]
    first: Mapping[tuple[str, int], str] = {
        pair: min(each.begins for each in origins if (each.system, each.timeline) == pair)
        for pair in {(each.system, each.timeline) for each in origins}
    }
    oldest = now - timedelta(hours=UNUSED_HOURS)
    gone: list[str] = []
    closed: dict[tuple[str, int], datetime] = {}
    # From the end, so that one nobody can date is known to be no younger than the next one that has a moment.
    for each in sorted(segments, key=lambda each: each.name, reverse=True):
        pair = (each.system, each.timeline)
        if each.closed_at is not None:
            closed[pair] = each.closed_at
        begins = first.get(pair)
        if (begins is None or each.name < begins) and pair in closed and closed[pair] < oldest:
            gone.append(each.key)
    return gone[::-1]


def prove(head: bytes, size: int, segment: Segment, segment_bytes: int) -> None:
    """Make sure that a segment is the one its name says.

    Raises:
        DamagedError: it is not.
    """
    if size == segment_bytes and len(head) >= _HEAD.size:
        _, info, timeline, position, _, system, _, _ = _HEAD.unpack_from(head)
        if info & _LONG_HEADER and str(system) == segment.system:
            name = segment_at(timeline, _text(position), segment_bytes)
            # The first segment of a timeline may begin with pages of the one it left.
            if name[8:] == segment.name[8:] and timeline <= segment.timeline:
                return
    raise DamagedError(f"What lies in the place of the segment {segment.name} is another one. Nothing was touched.")


def _origin(base: Manifest) -> Origin:
    if not isinstance(base.origin, Origin):
        raise TypeError(f"{base.name} is no base.")
    return base.origin


def _moment(segment: Segment) -> datetime:
    return segment.closed_at or datetime.max.replace(tzinfo=UTC)


def _number(lsn: str) -> int:
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def _text(number: int) -> str:
    return f"{number >> 32:X}/{number & (_PER_LOG - 1):X}"


def _said(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
