"""What anybody wants to hear of: a process's view, a second old, so that hot paths leave out the rest for nothing."""

from collections.abc import Iterable

from anclora.events.append import QUERIES
from anclora.events.model import EventType, matches
from anclora.kit.lifecycle import Loop
from anclora.storage.database import Database


class Wanted:
    """The types some subscription wants, as this process knows them. Empty until somebody keeps it."""

    def __init__(self) -> None:
        self.types: frozenset[EventType] = frozenset()

    def among(self, types: Iterable[EventType]) -> list[str]:
        """Which of these are wanted, in their order."""
        return [each.value for each in types if each in self.types]

    def learn(self, patterns: Iterable[str]) -> None:
        """From now on these are wanted, and nothing else."""
        known = list(patterns)
        self.types = frozenset(each for each in EventType if matches(known, each))

    def forget(self) -> None:
        """Nothing is wanted, as far as this process knows."""
        self.types = frozenset()


# Of the process, like the registry of its metrics: statements are chosen by it far below whoever keeps it.
WANTED = Wanted()


class WantedKeeper(Loop):
    """Keeps the view fresh."""

    name = "events_wanted"
    every_seconds = 1.0

    def __init__(self, db: Database, wanted: Wanted = WANTED) -> None:
        super().__init__()
        self._db = db
        self._wanted = wanted

    async def run_once(self) -> bool:
        """Read what the subscriptions want."""
        rows = await self._db.fetch_all(QUERIES["read_wanted"])
        self._wanted.learn(row["pattern"] for row in rows)
        return False
