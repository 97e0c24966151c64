"""Backups for a scenario: a bucket that outlives what is broken, a key, and the log shipped every few seconds."""

import time
from collections.abc import Mapping
from datetime import datetime

from anclora.backups import House, make_key, open_house, reach
from anclora.backups.find import look
from anclora.backups.model import Print
from anclora.backups.postgres import prints_of
from anclora.backups.rules import differences
from anclora.cli.drill.scene import Scene, need
from anclora.cli.home import Home
from anclora.kit.clock import SystemClock
from anclora.kit.errors import UnavailableError
from anclora.kit.settings import load_settings
from anclora.messages.gates import GateChoice, resume
from anclora.storage.queries import load_queries

QUERIES = load_queries("anclora.cli.drill")
_EVERY_SECONDS = 3.0
_WAIT_SECONDS = 900.0  # a base that could not be made is tried again after ten minutes
_OF_MESSAGES = ("messages", "attempts", "contacts", "provider_messages")


class Bucket:
    """Where the backups of a scenario go, and what is in there.

    Args:
        scene: processes started from now on make backups, of these kinds.
        kinds: as in ANCLORA_BACKUP_KINDS.
    """

    def __init__(self, scene: Scene, kinds: str) -> None:
        self._scene = scene
        stage = scene.stage
        self.folder = stage.data_dir / "bucket"
        key = stage.data_dir / "backup.key"
        make_key(key)
        self.env: Mapping[str, str] = {
            "ANCLORA_BACKUP_URL": str(self.folder),
            "ANCLORA_BACKUP_KEY_FILE": str(key),
            "ANCLORA_BACKUP_KINDS": kinds,
            "ANCLORA_BACKUP_WAL_SECONDS": f"{_EVERY_SECONDS:.0f}",
        }
        stage.home = Home(data_dir=stage.data_dir, env={**stage.home.env, **self.env})
        settings = load_settings(backup_url=str(self.folder), backup_key_file=key, data_dir=stage.data_dir)
        self.house: House = open_house(settings, SystemClock())

    async def until(self) -> datetime | None:
        """The last instant that can be brought back; None = none yet."""
        lies = await look(self.house)
        return max((ends for base in lies.bases if (ends := reach(base, lies.segments)) is not None), default=None)

    async def wait_for(self, instant: datetime) -> None:
        """Wait until an instant can be brought back.

        Raises:
            SetupError: it could not be in time.
        """

        async def reached() -> bool:
            until = await self.until()
            return until is not None and until >= instant

        need(await self._scene.until(reached, seconds=_WAIT_SECONDS), "the log was not shipped.")


async def rows_of_messages(url: str) -> Mapping[str, Print]:
    """The fingerprints of what traffic writes."""
    return {name: its for name, its in (await prints_of(url)).items() if name.startswith(_OF_MESSAGES)}


async def rows_at_rest(scene: Scene, *, waiting: bool = False) -> Mapping[str, Print]:
    """The same once nothing changes any more; with `waiting` although messages wait.

    Raises:
        SetupError: it does not come to rest.
    """
    url = scene.stage.home.env["DATABASE_URL"]
    last: list[Mapping[str, Print]] = [{}]

    async def same() -> bool:
        before, last[0] = last[0], await rows_of_messages(url)
        return before == last[0] and (waiting or await scene.at_rest())

    need(await scene.until(same, seconds=_WAIT_SECONDS), "traffic did not come to rest.")
    return last[0]


async def rows_in_bucket(scene: Scene, bucket: Bucket, *, waiting: bool = False) -> Mapping[str, Print]:
    """The same, once the bucket has the moment in which they were so and they still are: a receipt may come late.

    Raises:
        SetupError: it does not come to rest, or is not shipped.
    """
    last: list[Mapping[str, Print]] = [{}]

    async def kept() -> bool:
        last[0] = await rows_at_rest(scene, waiting=waiting)
        await bucket.wait_for(await now_of(scene))
        return last[0] == await rows_of_messages(scene.stage.home.env["DATABASE_URL"])

    need(await scene.until(kept, seconds=_WAIT_SECONDS), "receipts went on coming.")
    return last[0]


async def now_of(scene: Scene) -> datetime:
    """The ledger's clock."""
    row = await scene.stage.db.fetch_one(QUERIES["now"])
    if row is None:
        raise UnavailableError("The ledger does not tell the time.")
    at: datetime = row["at"]
    return at


async def until_going(scene: Scene, began: float) -> float | None:
    """Start every process of the product anew, let what waits go and accept the rest; seconds since it began.

    None = nothing went out in time.
    """
    out = await scene.gone()
    await scene.stage.spawn("work-again", "serve", "--role", "work")
    for number in (3, 4):
        await scene.dispatcher(number)
    await scene.stage.start_api("api-again")
    await resume(scene.stage.db, GateChoice(everything=True), actor="drill")
    await scene.accept()

    async def going() -> bool:
        return await scene.gone() > out or await scene.at_rest()

    if not await scene.until(going):
        return None
    scene.note("Messages go out again.")
    return time.monotonic() - began


def differing(before: Mapping[str, Print], after: Mapping[str, Print]) -> str:
    """What did not come back as it was, in a sentence; empty = nothing."""
    return "; ".join(differences(before, after)[:3])
