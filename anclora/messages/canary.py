"""The canary: a number that was quiet for long writes a few words to another one of ours.

Off unless `ANCLORA_CANARY_EVERY_SECONDS` is set. It is a message like any other, with the tag `canary`: whether it is
acknowledged is judged by the watch of the numbers like everything else.
"""

from datetime import timedelta

from anclora.instances.duty import Duty
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages.model import Draft
from anclora.messages.submit import Submit
from anclora.storage.database import Database, fetch_all
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
TAG = "canary"
_ACCOUNT = "main"
_WORDS = "Canary: this number is being tested."
_DUTY_SECONDS = 120.0
_VALID = timedelta(minutes=10)


class Canary(Loop):
    """Lets quiet numbers write to each other; one process at a time, nothing where there is only one number."""

    name = "canary"
    every_seconds = 30.0

    def __init__(self, db: Database, submit: Submit, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._submit = submit
        self._clock = clock
        self._quiet = timedelta(seconds=settings.canary_every_seconds)
        self._duty = Duty(db, "canary", seconds=_DUTY_SECONDS)

    async def run_once(self) -> bool:
        """One message from each number that was quiet for long, to the next of ours."""
        if not self._quiet or not await self._duty.take():
            return False
        now = self._clock.now()
        async with self._db.transaction() as conn:
            rows = await fetch_all(conn, QUERIES["take_quiet_numbers"], now=now, since=now - self._quiet)
        drafts = [
            Draft(to=f"+{row['to']}", text=_WORDS, instance=row["name"], tags=[TAG], expires_at=now + _VALID)
            for row in rows
        ]
        if drafts:
            await self._submit.submit(_ACCOUNT, drafts, partial=True)
            log.info("canaries_sent", count=len(drafts))
        return False
