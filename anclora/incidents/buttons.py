"""Buttons of notices: whoever presses acknowledges or escalates, from where they read it: a `notify.OnAction`."""

from uuid import UUID

from anclora.incidents.act import Desk
from anclora.kit.clock import Clock
from anclora.kit.errors import ConflictError, NotFoundError
from anclora.kit.settings import Settings
from anclora.notify import ACKNOWLEDGE, ESCALATE, Channels, Press, Reply
from anclora.storage.database import Database

_NAME_CHARS = 50


class Buttons:
    """Acts on presses.

    Args:
        db: the ledger.
        channels: ways to people, of this process.
        settings: as `Desk` wants them.
        clock: tells the time.
    """

    def __init__(self, db: Database, channels: Channels, settings: Settings, clock: Clock) -> None:
        self._db = db
        self._channels = channels
        self._settings = settings
        self._clock = clock

    async def on_action(self, press: Press) -> Reply:
        """Commit it and say so; to press twice, or too late, does no harm.

        Raises:
            UnavailableError: the database is away.
        """
        try:
            incident_id = UUID(press.value)
        except ValueError:
            return Reply(text="This button is of something nobody knows any more.", done=False)
        person = " ".join((press.name or press.by).split())[:_NAME_CHARS]
        desk = Desk(self._db, self._channels, self._settings, self._clock, f"{press.via}:{person}", person)
        try:
            if press.action == ACKNOWLEDGE:
                found = await desk.acknowledge(incident_id)
                return Reply(text=f"{found.acknowledged_by} has {found.name}.")
            if press.action == ESCALATE:
                step = await desk.escalate(incident_id)
                return Reply(text=f"{step.person} ({step.level}) is called now.")
        except (NotFoundError, ConflictError) as error:
            return Reply(text=error.detail, done=False)
        return Reply(text="Nobody knows this button any more.", done=False)
