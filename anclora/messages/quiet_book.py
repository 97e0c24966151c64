"""A dispatcher's view of the quiet hours, at most a second old: who is not to be woken now.

The zone of a recipient comes from the phone number, which the lane's item carries; that of a contact with a zone of
its own is only known to the ledger, which is told about every zone. So an intent asks nobody else first.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from anclora.contacts.zones import known_zones, zones_of
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.settings import Settings
from anclora.messages.gates import read_quiet
from anclora.messages.model import MessageClass
from anclora.messages.quiet import Window, quiet_until
from anclora.queue import Claimed
from anclora.storage.database import Database

_MINUTE_SECONDS = 60
_encode = msgspec.json.Encoder().encode
Windows = tuple[tuple[MessageClass, Window], ...]


class QuietBook(Loop):
    """Keeps the quiet hours of all classes in memory."""

    name = "quiet"
    every_seconds = 1.0

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._zone = settings.timezone
        self._clock = clock
        self._windows: Windows = ()

    async def run_once(self) -> bool:
        """Read the rows."""
        self._windows = tuple(sorted((await read_quiet(self._db)).items()))
        return False

    def told(self, claimed: Iterable[Claimed]) -> str | None:
        """What `intend` needs to know about these items, in the form its statement describes; None = no quiet hours."""
        if not self._windows:
            return None
        minute = int(self._clock.now().timestamp()) // _MINUTE_SECONDS
        people = {item.order_key: zones_of(item.order_key, self._zone) for item in claimed}
        quiet = {who: ends for who, zones in people.items() if (ends := _ends(zones, self._windows, minute))}
        named = {kind: str(window) for kind, window in self._windows}
        zones = msgspec.Raw(_zones(self._windows, minute))
        return _encode({"windows": named, "people": quiet, "zones": zones}).decode()


# Quiet hours begin and end with a minute, so what holds at its beginning holds for all of it.
@lru_cache(maxsize=4_096)
def _ends(zones: tuple[str, ...], windows: Windows, minute: int) -> dict[str, datetime]:
    now = datetime.fromtimestamp(minute * _MINUTE_SECONDS, UTC)
    ends = ((kind, quiet_until(window, zones, now)) for kind, window in windows)
    return {kind.value: until for kind, until in ends if until is not None}


@lru_cache(maxsize=2)
def _zones(windows: Windows, minute: int) -> bytes:
    quiet = {zone: ends for zone in known_zones() if (ends := _ends.__wrapped__((zone,), windows, minute))}
    return _encode(quiet)
