"""The one Prometheus registry of the process; features declare their instruments in their own `metrics.py`.

A process tells what it counted itself. Where several run on one machine, `PROMETHEUS_MULTIPROC_DIR` (the field's name)
gives them a folder to count in together: then each of them tells the sum of all. Every process owns one numbered place
there for as long as it lives, and whoever comes next takes the lowest free one and goes on counting where it stood. So
nothing is lost or counted twice when a process ends, however it ends, and the folder never grows.
"""

import contextlib
import errno
import fcntl
import os
import re
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

PREFIX = "anclora"
OTHER = "other"
_FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
_PLACES = 256
_WHOLE = re.compile(rb'le="(\d+)\.0"')  # people and rules write le="30", the library le="30.0"

disable_created_metrics()  # every counter's age, in a series of its own, is read by nobody


class Instrument(NamedTuple):
    """One instrument as it was declared, for the reference page."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


def _take_place(folder: Path) -> int:
    """The lowest free place in the folder; it is ours until the process ends, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(_PLACES):
        lock = os.open(folder / f"place-{place}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        mark_process_dead(place, str(folder))  # what the last holder's gauges said of itself
        return place
    raise OSError(errno.EUSERS, f"{_PLACES} processes count there already; give some a folder of their own")


REGISTRY = CollectorRegistry()
INSTRUMENTS: list[Instrument] = []
_FIGURES: list["Figure"] = []
try:
    PLACE = None if _FOLDER is None else _take_place(Path(_FOLDER))
except OSError as _error:  # before anything of the program runs that could say it otherwise
    raise SystemExit(
        f"anclora: PROMETHEUS_MULTIPROC_DIR names {_FOLDER}, which cannot be used ({_error.strerror}). "
        "Name a folder this user may write to, or leave it unset."
    ) from _error
if PLACE is not None:
    # Chosen before the first instrument is made, because each makes its values at once.
    values.ValueClass = values.MultiProcessValue(lambda: PLACE)


def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
    """A counter named `anclora_<name>_total`."""
    name = f"{PREFIX}_{name.removesuffix('_total')}"
    INSTRUMENTS.append(Instrument(f"{name}_total", "counter", labels, text))
    return Counter(name, text, labels, registry=REGISTRY)


def gauge(name: str, text: str, labels: tuple[str, ...] = (), *, own: bool = False) -> Gauge:
    """A gauge named `anclora_<name>`.

    Args:
        name: without the prefix.
        text: its meaning.
        labels: their names.
        own: says something of this process. Where several count together each has a series, by the label `pid`; of any
            other gauge the word of whoever spoke last holds.
    """
    name = f"{PREFIX}_{name}"
    INSTRUMENTS.append(Instrument(name, "gauge", labels, text))
    mode: Literal["liveall", "livemostrecent"] = "liveall" if own else "livemostrecent"
    return Gauge(name, text, labels, registry=REGISTRY, multiprocess_mode=mode)


def histogram(name: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()) -> Histogram:
    """A histogram named `anclora_<name>`; buckets in the unit the name ends with."""
    name = f"{PREFIX}_{name}"
    INSTRUMENTS.append(Instrument(name, "histogram", labels, text))
    return Histogram(name, text, labels, buckets=buckets, registry=REGISTRY)


class Figure(Collector):
    """Series somebody else counts: read when asked for, and replaced as a whole, so that none outlives its subject.

    Args:
        name: without the prefix.
        text: its meaning.
        labels: their names.
        kind: `counter` where what is read only grows.
    """

    def __init__(
        self, name: str, text: str, labels: tuple[str, ...] = (), *, kind: Literal["gauge", "counter"] = "gauge"
    ) -> None:
        self._name = f"{PREFIX}_{name}"
        self._text = text
        self._labels = labels
        self._kind = kind
        self._series: Mapping[tuple[str, ...], float] = {}
        shown = f"{self._name}_total" if kind == "counter" else self._name
        INSTRUMENTS.append(Instrument(shown, kind, labels, text))
        _FIGURES.append(self)
        REGISTRY.register(self)

    def show(self, series: Mapping[tuple[str, ...], float]) -> None:
        """From now on these series and no others; {} = not known now, which is no series at all."""
        self._series = dict(series)

    def show_one(self, value: float | None) -> None:
        """The same of a figure without labels; None = not known now."""
        self._series = {} if value is None else {(): value}

    def describe(self) -> Iterable[Metric]:
        """Its name, for the registry."""
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        """Its series."""
        family = self._family()
        for labels, value in self._series.items():
            family.add_metric(labels, value)
        return [family]

    def _family(self) -> GaugeMetricFamily | CounterMetricFamily:
        kind = CounterMetricFamily if self._kind == "counter" else GaugeMetricFamily
        return kind(self._name, self._text, labels=self._labels)


def bounded(series: Mapping[str, float], most: int) -> dict[tuple[str, ...], float]:
    """The `most` largest of these under their own names, the sum of the rest as `other`. Pure."""
    ranked: Sequence[tuple[str, float]] = sorted(series.items(), key=lambda pair: (-pair[1], pair[0]))
    kept = {(name,): value for name, value in ranked[:most]}
    rest = sum(value for _, value in ranked[most:])
    return kept | ({(OTHER,): rest} if ranked[most:] else {})


class Bounded:
    """Label values of a counter whose vocabulary others write: the first so many keep their names, others are `other`.

    Args:
        most: names that are kept.
    """

    def __init__(self, most: int = 50) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, word: str) -> str:
        """The label value for a word."""
        if word in self._known:
            return word
        if len(self._known) >= self._most:
            return OTHER
        self._known.add(word)
        return word


def observe_all(instrument: Histogram, seen: Sequence[float]) -> None:
    """Observe many values at the price of a few: on hot paths thousands a second come in groups.

    It reaches into the instrument, since the library has no such call; a test holds the two ways to be the same.
    """
    if not seen:
        return
    parts: Mapping[str, Any] = vars(instrument)
    buckets, bounds = parts["_buckets"], parts["_upper_bounds"]
    for place, count in Counts(bisect_left(bounds, value) for value in seen).items():
        buckets[place].inc(count)
    parts["_sum"].inc(sum(seen))


def exposition() -> bytes:
    """Everything, in the Prometheus text format."""
    registry = REGISTRY
    if _FOLDER is not None:
        _forget_the_dead(Path(_FOLDER))
        registry = CollectorRegistry()
        MultiProcessCollector(registry, _FOLDER)
        for figure in _FIGURES:
            registry.register(figure)
    return _WHOLE.sub(rb'le="\1"', generate_latest(registry)) + generate_latest(OF_THE_PROCESS)


OF_THE_PROCESS = CollectorRegistry()
ProcessCollector(registry=OF_THE_PROCESS)  # process_start_time_seconds and the like keep the names the field knows


def _forget_the_dead(folder: Path) -> None:
    """Take away what gauges said of processes that are gone; what was counted stays."""
    for lock_file in folder.glob("place-*"):
        place = int(lock_file.name.removeprefix("place-"))
        if place == PLACE:
            continue
        with lock_file.open("rb") as lock, contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds it; the lock ends with the file
            mark_process_dead(place, str(folder))
