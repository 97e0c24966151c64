"""The bench file: what `make bench` printed, with the commit and the moment it was measured.

Figures without those two are no measurement anybody can repeat, so they are not used.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec

from anclora.capacity.model import Bench

_MOST_BYTES = 1_000_000
_MICROS = 1_000_000
NO_FILE = "no bench file is named (ANCLORA_BENCH_FILE or --bench)"


def read_bench(path: Path | None) -> Bench:
    """The file, or why it says nothing. Blocks for the length of a small file."""
    if path is None:
        return Bench(lacks=NO_FILE)
    name = path.name
    try:
        with path.open("rb") as file:
            return bench_of(msgspec.json.decode(file.read(_MOST_BYTES)), name)
    except OSError as error:
        return Bench(path=name, lacks=f"{name} cannot be read: {error.strerror or error}")
    except msgspec.DecodeError:
        return Bench(path=name, lacks=f"{name} is not the JSON object that make bench prints")


def bench_of(document: Any, name: str) -> Bench:
    """What a document measured. Pure."""
    if not isinstance(document, dict):
        return Bench(path=name, lacks=f"{name} is not the JSON object that make bench prints")
    figures = cast(Mapping[str, Any], document)
    commit, at = _word(figures, "commit"), _moment(_word(figures, "measured_at"))
    missing = [what for what, there in (("commit", commit), ("measured_at", at)) if there is None]
    if missing:
        return Bench(path=name, commit=commit, measured_at=at, lacks=f"{name} does not say {' and '.join(missing)}")
    second = _number(figures, "second_process_rate")
    redis = _micros(figures, "redis")
    return Bench(
        path=name,
        commit=commit,
        measured_at=at,
        machine=_word(figures, "machine"),
        worker_per_second=_number(figures, "worker_per_second") or _number(figures, "dispatch_ratio_detail", "figure"),
        second_share=None if second is None else max(0.0, second - 1),
        redis_per_second=_number(figures, "redis_per_second") or _rate(redis),
        postgres_per_second=_number(figures, "postgres_per_second") or _rate(_postgres_micros(figures, redis)),
        gateway_per_second=_number(figures, "gateway_per_second"),
    )


def _postgres_micros(figures: Mapping[str, Any], redis: float | None) -> float | None:
    """CPU of a message's whole life where that was measured (both stores, less Redis), else of its sending."""
    life, sending = _number(figures, "life_stores_cpu_us"), _micros(figures, "postgres")
    whole = life - redis if life is not None and redis is not None else None
    return max((each for each in (whole, sending) if each is not None), default=None)


def _micros(figures: Mapping[str, Any], part: str) -> float | None:
    return _number(figures, "dispatch_ratio_detail", "cpu_us_per_message", part)


def _rate(micros: float | None) -> float | None:
    return _MICROS / micros if micros else None


def _number(figures: Mapping[str, Any], *path: str) -> float | None:
    """A positive number at a path of members, else None."""
    found: Any = figures
    for name in path:
        found = cast(Mapping[str, Any], found).get(name) if isinstance(found, dict) else None
    good = isinstance(found, int | float) and not isinstance(found, bool) and 0 < found < float("inf")
    return float(found) if good else None


def _word(figures: Mapping[str, Any], name: str) -> str | None:
    found = figures.get(name)
    return found.strip() or None if isinstance(found, str) else None


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
