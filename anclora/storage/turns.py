"""Turns: a chore of the whole installation is done by one process a period, however many run.

Who looks first takes the turn, and the others look again when it is due next. A holder that was lost, or fails for
longer than a round may take, is followed by another. All by the ledger's clock.
"""

from anclora.kit.ids import new_id
from anclora.kit.lifecycle import Loop
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_SOONEST_SECONDS = 0.25  # clocks run differently: whoever wakes too early does not ask again at once


class LedgerTurn:
    """The turns of one chore, for one process.

    Args:
        db: the ledger, which remembers.
        chore: its name, one for all processes.
        about: what it is done for; a process that does it for something else does not wait for the next turn.
        every_seconds: from one turn to the next.
        lost_seconds: a turn that is not over after so long is followed by another.
    """

    def __init__(self, db: Database, chore: str, *, every_seconds: float, lost_seconds: float, about: str = "") -> None:
        self._db = db
        self._of = {"chore": chore}
        self._due = {"every_seconds": every_seconds, "lost_seconds": lost_seconds}
        self._about = about
        self._holder = new_id()

    async def take(self) -> float:
        """Take the turn. 0.0 = it is ours; otherwise in how many seconds to look again."""
        values = {**self._of, **self._due, "about": self._about, "holder": self._holder}
        if await self._db.fetch_all(QUERIES["take_turn"], **values):
            return 0.0
        row = await self._db.fetch_one(QUERIES["next_turn"], **self._of, **self._due)
        return max(_SOONEST_SECONDS, row["seconds"] if row else 0.0)

    async def end(self, *, more: bool) -> None:
        """Say that it is done, or a part of it and we go on."""
        await self._db.execute(QUERIES["end_turn"], **self._of, holder=self._holder, more=more)


def in_turn(db: Database, loop: Loop, *, about: str = "") -> Loop:
    """Have a loop do its chore in turn with other processes; one without a chore is left alone. The same loop."""
    if loop.chore is not None:
        seconds = {"every_seconds": loop.every_seconds, "lost_seconds": loop.round_timeout_seconds}
        loop.turn = LedgerTurn(db, loop.chore, about=about, **seconds)
    return loop
