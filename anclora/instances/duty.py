"""Work that one process does at a time: whoever holds the row, and says so again before it runs out."""

from anclora.instances.book import QUERIES
from anclora.kit.ids import new_id
from anclora.storage.database import Database


class Duty:
    """One piece of work, and whether it is ours.

    Args:
        db: the ledger.
        name: of the work.
        seconds: how long a process that died keeps it; longer than a round.
    """

    def __init__(self, db: Database, name: str, *, seconds: float) -> None:
        self._db = db
        self._name = name
        self._seconds = seconds
        self._holder = new_id()

    async def take(self) -> bool:
        """Whether this process may do it now; asked before every round."""
        values = {"name": self._name, "holder": self._holder, "seconds": self._seconds}
        return bool(await self._db.fetch_all(QUERIES["take_duty"], **values))
