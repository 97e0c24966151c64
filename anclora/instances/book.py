"""A process's view of the instances, at most five seconds old; hot paths read it without waiting."""

import asyncio
from collections.abc import Mapping

from anclora.instances.metrics import CONNECTED, UP
from anclora.instances.model import Instance, status_of
from anclora.kit.clock import Clock
from anclora.kit.errors import InvalidError, NotFoundError, UnavailableError
from anclora.kit.lifecycle import Loop
from anclora.kit.metrics import OTHER
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_FRESH_SECONDS = 5.0
_NAMED = 20
_SERIES = 200


class InstanceBook:
    """The known instances. `refresh` before reading; everything else reads memory."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._view: Mapping[str, Instance] = {}
        self._read_at_seconds: float | None = None
        self._lock = asyncio.Lock()
        self._failures = 0
        self._last_failure = UnavailableError("The instances were never read.")

    async def refresh(self, *, newer_than_seconds: float | None = None) -> None:
        """Read the rows, unless the view is younger than five seconds.

        Args:
            newer_than_seconds: the view must have been read after this moment of the boot clock instead. Callers who
                ask at the same time share one reading, and its failure: behind a dead database nobody queues up.

        Raises:
            UnavailableError: the database is away; the old view stays.
        """
        if self._is_newer_than(newer_than_seconds):
            return
        failures_before = self._failures
        async with self._lock:
            if self._is_newer_than(newer_than_seconds):
                return
            if self._failures != failures_before:
                raise self._last_failure
            try:
                await self._read()
            except UnavailableError as error:
                self._failures, self._last_failure = self._failures + 1, error
                raise

    async def _read(self) -> None:
        began_seconds = self._clock.boot_seconds()
        rows = await self._db.fetch_all(QUERIES["read_instances"])
        self._view = {row["name"]: Instance(**row) for row in rows}
        self._read_at_seconds = began_seconds

    def _is_newer_than(self, moment_seconds: float | None) -> bool:
        if self._read_at_seconds is None:
            return False
        if moment_seconds is None:
            moment_seconds = self._clock.boot_seconds() - _FRESH_SECONDS
        return self._read_at_seconds > moment_seconds

    @property
    def is_fresh(self) -> bool:
        """Whether `refresh` would read nothing now."""
        return self._is_newer_than(None)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, sorted."""
        return tuple(self._view)

    @property
    def all(self) -> tuple[Instance, ...]:
        """Every instance, sorted by name."""
        return tuple(self._view.values())

    def get(self, name: str) -> Instance:
        """One instance. Raises `NotFoundError` (`unknown_instance`) that lists the known ones."""
        instance = self._view.get(name)
        if instance is None:
            raise NotFoundError(f"There is no instance {name[:60]!a}. {self._known()}", code="unknown_instance")
        return instance

    def choose(self, asked: str | None) -> str:
        """The instance to send from: the one asked for, or the only one there is.

        Raises:
            NotFoundError: there is none of this name (`unknown_instance`), or none at all (`no_instance`).
            InvalidError: there are several and none was asked for (`instance_needed`).
        """
        if asked is not None:
            return self.get(asked).name
        if len(self._view) == 1:
            return next(iter(self._view))
        if not self._view:
            raise NotFoundError(
                "No instance is registered yet. Connect a number, then: anclora instances sync", code="no_instance"
            )
        raise InvalidError(f"Say which instance sends it. {self._known()}", code="instance_needed")

    def _known(self) -> str:
        if not self._view:
            return "None is registered yet."
        more = f" and {len(self._view) - _NAMED} more" if len(self._view) > _NAMED else ""
        return f"Known: {', '.join(self.names[:_NAMED])}{more}."


class BookKeeper(Loop):
    """Keeps the view fresh in a process where no request does, and the gauge that shows it."""

    name = "instances"
    every_seconds = 1.0

    def __init__(self, book: InstanceBook, clock: Clock) -> None:
        super().__init__()
        self._book = book
        self._clock = clock

    async def run_once(self) -> bool:
        """Read the rows when the view is old."""
        await self._book.refresh()
        now = self._clock.now()
        flows = {each: float(status_of(each, now) == "connected") for each in self._book.all}
        UP.show(_named({each.name: up for each, up in flows.items()}))
        CONNECTED.show(_named({each.name: up for each, up in flows.items() if each.provider == "evolution"}))
        return False


def _named(flows: Mapping[str, float]) -> dict[tuple[str, ...], float]:
    """The series of so many numbers as there may be series. Pure."""
    worst_first = sorted(flows.items(), key=lambda pair: (pair[1], pair[0]))
    series: dict[tuple[str, ...], float] = {(name,): up for name, up in worst_first[:_SERIES]}
    return series | ({(OTHER,): worst_first[_SERIES][1]} if worst_first[_SERIES:] else {})
