"""Routines by themselves: each at its business time, once however many processes run, and told by exception.

A slot that was missed because nothing ran is made up for as soon as something does, until the next one; what lies
before the installation is not.
"""

from datetime import timedelta

from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.playbook.book import BOOK
from anclora.playbook.ledger import claim, expected_since, forget_old
from anclora.playbook.model import Checklist, Run
from anclora.playbook.post import post
from anclora.playbook.rules import is_red, slot_of
from anclora.playbook.run import Playbook
from anclora.reports import names_of
from anclora.storage.database import Connection

log = get_logger(__name__)
_ROUND_SECONDS = 180.0
_LATE = timedelta(days=1)  # a routine later than this asks about another day


class Routines(Loop):
    """Runs what is due, and tells the channels of `ANCLORA_OPS_TO`.

    Args:
        book: runs them.

    Raises:
        SetupError: a channel of `ANCLORA_OPS_TO` is not configured.
    """

    name = "routines"
    chore = "routines"
    every_seconds = 20.0
    round_timeout_seconds = _ROUND_SECONDS

    def __init__(self, book: Playbook) -> None:
        super().__init__()
        self._book = book
        self._names = names_of(book.parts.settings.ops_to)
        for name in self._names:
            _ = book.parts.channels[name]  # refuses to start rather than at ten in the morning

    async def run_once(self) -> bool:
        """Run what is due and nobody has; one at a time, the next at once."""
        for checklist in Checklist:
            if await self._run(checklist):
                return True
        return False

    async def _run(self, checklist: Checklist) -> bool:
        parts = self._book.parts
        now = parts.now
        slot = slot_of(BOOK[checklist], now, parts.settings.timezone)
        if slot is None or now - slot > _LATE:
            return False
        since = await expected_since(parts.db, checklist)
        if since is None or slot < since:
            return False
        run_id = await claim(parts.db, checklist, slot, now)
        if run_id is None:
            return False
        run = await self._book.run(checklist, actor="", slot=(run_id, slot), also=self._tell if self._names else None)
        log.info("routine_ran", checklist=checklist.value, red=is_red(BOOK[checklist], run.results))
        await forget_old(parts.db, parts.now)
        return True

    async def _tell(self, conn: Connection, run: Run) -> None:
        await post(conn, self._book.parts, self._names, run)
