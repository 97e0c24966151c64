"""A dispatcher's view of the quiet hours, at most a second old: who is not to be woken now.

The zone of a recipient comes from the phone number, which the lane's item carries. Which contact has a zone of its own
only the ledger knows, so it is told of every such zone. An intent asks nobody first.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from anclora.contacts.zones import zones_of
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.settings import Settings
from anclora.messages.gates import own_zones, read_quiet
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
        self._own: tuple[str, ...] = ()

    async def run_once(self) -> bool:
        """Read the rows."""
        self._windows = tuple(sorted((await read_quiet(self._db)).items()))
        self._own = await own_zones(self._db) if self._windows else ()
        return False

    def told(self, claimed: Iterable[Claimed]) -> str | None:
        """What `intend` needs to know about these items, in the form its statement describes; None = no quiet hours."""
        if not self._windows:
            return None
        minute = int(self._clock.now().timestamp()) // _MINUTE_SECONDS
        people = {item.order_key: zones_of(item.order_key, self._zone) for item in claimed}
        zones = {zone: (zone,) for zone in self._own}
        return _encode(
            {
                "windows": {kind: str(window) for kind, window in self._windows},
                "people": _quiet(people, self._windows, minute),
                "zones": _quiet(zones, self._windows, minute),
            }
        ).decode()


def _quiet(places: Mapping[str, tuple[str, ...]], windows: Windows, minute: int) -> dict[str, dict[str, datetime]]:
    return {name: ends for name, zones in places.items() if (ends := _ends(zones, windows, minute))}


# Quiet hours begin and end with a minute, so what holds at its beginning holds for all of it.
@lru_cache(maxsize=4_096)
def _ends(zones: tuple[str, ...], windows: Windows, minute: int) -> dict[str, datetime]:
    now = datetime.fromtimestamp(minute * _MINUTE_SECONDS, UTC)
    ends = ((kind, quiet_until(window, zones, now)) for kind, window in windows)
    return {kind.value: until for kind, until in ends if until is not None}
