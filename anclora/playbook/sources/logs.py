"""Errors of the log, counted from its structured events ourselves: by level, whatever its capitals.

Read from the JSON files of a folder, or from CloudWatch Logs. No filter of theirs is believed, since `"ERROR"` misses
`"level":"error"`; and a log in which nothing at all was written is no quiet one.
"""

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from anclora.kit.masking import masked_text
from anclora.playbook.errors import NoDataError, NotConfiguredError
from anclora.playbook.sources.cloudwatch import each_since, retention_days
from anclora.playbook.sources.contract import Parts, Query, Reading

BAD = frozenset({"error", "critical", "fatal"})
_TOP = 3
_MOST_BYTES = 500_000_000
_SUFFIXES = (".log", ".jsonl", ".json", ".ndjson")
_DAY, _QUARTER = timedelta(hours=24), timedelta(minutes=15)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A structured event; `at` None = it says no moment, and counts."""

    level: str
    event: str
    at: datetime | None


class Tally:
    """Errors by what happened, each with its first moment, and whether anything was written at all."""

    def __init__(self, since: datetime) -> None:
        self._since = since
        self.events = 0
        self.counts: dict[str, int] = {}
        self.firsts: dict[str, datetime] = {}

    def add(self, line: Line) -> None:
        """One event."""
        self.events += 1
        if line.level not in BAD or (line.at is not None and line.at < self._since):
            return
        self.counts[line.event] = self.counts.get(line.event, 0) + 1
        if line.at is not None:
            self.firsts[line.event] = min(line.at, self.firsts.get(line.event, line.at))

    def reading(self) -> Reading:
        """The number, and the most frequent ones."""
        top = sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_TOP]
        facts = [
            f"{event}: {count} x" + (f", first {self.firsts[event]:%Y-%m-%d %H:%M} UTC" if event in self.firsts else "")
            for event, count in top
        ]
        return Reading(value=float(sum(self.counts.values())), facts=[*facts, f"of {self.events} events"])


async def errors_24h(parts: Parts) -> Reading:
    """Errors of the last 24 hours."""
    return await _errors(parts, _DAY)


async def errors_15m(parts: Parts) -> Reading:
    """Errors of the last quarter of an hour."""
    return await _errors(parts, _QUARTER)


async def oldest_days(parts: Parts) -> Reading:
    """How old logs may get: the age of the oldest file, or the retention of the log group."""
    settings = parts.settings
    if settings.log_group is not None:
        return await retention_days(settings.log_group)
    folder = _folder(parts)
    files = await asyncio.to_thread(lambda: [(path.stat().st_mtime, path.name) for path in _files(folder)])
    if not files:
        raise NoDataError(f"There is no log in {folder}.")
    oldest, name = min(files)
    return Reading(value=round((parts.now.timestamp() - oldest) / _DAY.total_seconds(), 1), facts=[name])


async def _errors(parts: Parts, span: timedelta) -> Reading:
    """Errors of a span; whether anything is written at all is judged by a whole day, since a good night is quiet."""
    day_ago, settings = parts.now - _DAY, parts.settings
    tally = Tally(parts.now - span)
    if settings.log_group is not None:
        where = settings.log_group
        await each_since(where, day_ago, lambda texts: _count(tally, texts, day_ago))
    else:
        folder = _folder(parts)
        where = str(folder)
        await asyncio.to_thread(_read, tally, folder, day_ago)
    if not tally.events:
        raise NoDataError(f"Nothing at all was written to {where} since {day_ago:%Y-%m-%d %H:%M} UTC.")
    return tally.reading()


def _folder(parts: Parts) -> Path:
    folder = parts.settings.log_dir or parts.settings.data_dir / "logs"
    if parts.settings.log_dir is None and not folder.is_dir():
        raise NotConfiguredError("ANCLORA_LOG_DIR, ANCLORA_LOG_GROUP")
    return folder


def _files(folder: Path) -> list[Path]:
    """Logs and those that were rotated: `anclora.log`, `anclora.log.1`, `anclora.log.2.gz`."""
    if not folder.is_dir():
        raise NoDataError(f"{folder} is no folder.")
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and any(suffix in path.suffixes for suffix in _SUFFIXES)
    ]


def _read(tally: Tally, folder: Path, since: datetime) -> None:
    files = [path for path in _files(folder) if path.stat().st_mtime >= since.timestamp()]
    if sum(path.stat().st_size for path in files) > _MOST_BYTES:
        raise NoDataError(
            f"The logs in {folder} are too large to be counted ({_MOST_BYTES // 1_000_000} MB); rotate them."
        )
    _count(tally, (text for path in files for text in _lines(path)), since)


def _lines(path: Path) -> Iterator[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", errors="replace") as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:  # no right to read it, or cut short: what it holds is not known
        raise NoDataError(f"{path.name} cannot be read: {type(error).__name__}.") from error


def _count(tally: Tally, texts: Iterable[str], since: datetime) -> None:
    for text in texts:
        line = parsed(text)
        if line is not None and (line.at is None or line.at >= since):
            tally.add(line)


def parsed(text: str) -> Line | None:
    """A line as an event; None = it is none. Pure."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found: Any = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("level"), str):
        return None
    event = found.get("event") or found.get("logger") or "?"
    return Line(level=found["level"].lower(), event=masked_text(str(event)[:60]), at=_moment(found.get("timestamp")))


def _moment(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


QUERIES: Mapping[str, Query] = {
    "logs.errors_24h": errors_24h,
    "logs.errors_15m": errors_15m,
    "logs.oldest_days": oldest_days,
}
