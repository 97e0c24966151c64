"""Bringing the ledger of an instant back, into a new data directory: a base, and its log up to there.

Nothing that is there is touched. As after every restore all is paused: what the ledger of the instant holds as waiting
may have gone out since.
"""

import asyncio
from datetime import datetime
from pathlib import Path

import msgspec

from anclora.backups.anew import begin_anew
from anclora.backups.errors import DamagedError, FailedError, RefusedError
from anclora.backups.fetch import fetched
from anclora.backups.find import look
from anclora.backups.folder import free_bytes
from anclora.backups.house import House
from anclora.backups.model import Step, no_step
from anclora.backups.wal.rules import Plan, plan
from anclora.backups.wal.take import take_log, unpack_base
from anclora.kit.errors import SetupError
from anclora.storage.embedded import discard_embedded, start_embedded
from anclora.storage.embedded.recovery import NotRecoveredError, recover_embedded
from anclora.storage.migrate import revisions

_SECONDS = 6 * 3_600.0


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What a recovery gave.

    Attributes:
        name: of the base.
        instant: what was committed after it is not there.
        into: the new data directory.
        segments: how many pieces of the log were used.
        pending: messages the ledger holds as not sent.
        paused: nothing goes out until somebody resumes it.
        seconds: how long it took.
    """

    name: str
    instant: datetime
    into: str
    segments: int
    pending: int
    paused: bool
    seconds: float


async def recover(
    house: House, instant: datetime | None, into: Path, step: Step = no_step, *, send: bool = False
) -> Recovered:
    """Recover to an instant; None = as far as the log goes.

    Raises:
        InvalidError: the instant is in the future.
        NotFoundError: there is no base of before it.
        RefusedError: the folder is there, or the log has a hole or does not reach so far.
        DamagedError, ForeignError, WrongKeyError: something of it is not what was written.
        FailedError: Postgres did not get there.
        SetupError: this machine lacks something, or room.
        TargetError: the target does not answer.
    """
    began = house.clock.boot_seconds()
    if await asyncio.to_thread(into.exists):
        raise RefusedError(f"{into} is there already. An instant goes into a new data directory: name another.")
    house.keyring()
    lies = await look(house)
    chosen = plan(lies.bases, lies.segments, instant, house.clock.now())
    if chosen.base.revision not in revisions():
        raise SetupError(
            f"{chosen.base.name} has the tables of revision {chosen.base.revision}, which this program does not know. "
            f"Install Anclora {chosen.base.program} or newer."
        )
    needed = chosen.base.unpacked_bytes + len(chosen.segments) * chosen.origin.segment_bytes
    if await asyncio.to_thread(free_bytes, into.absolute()) < needed:  # noqa: ASYNC240 - only a path
        raise SetupError(f"To recover this needs {needed // 1_000_000 + 1} MB in {into}. Make room.")
    async with fetched(house, chosen.base, step) as reads:

        def fill(folder: Path) -> None:
            step("unpack", 0, None)
            unpack_base(reads, folder)
            take_log(house, chosen, folder / "pg_wal", step)
            step("recover", 0, None)

        try:
            await asyncio.to_thread(
                recover_embedded,
                into,
                fill,
                instant=chosen.instant,
                database=chosen.origin.database,
                timeout_seconds=_SECONDS,
            )
        except NotRecoveredError as error:
            raise _failed(error, chosen.instant) from error
    pending = await _anew(house, into, chosen, send=send)
    return Recovered(
        name=chosen.base.name,
        instant=chosen.instant,
        into=str(into),
        segments=len(chosen.segments),
        pending=pending,
        paused=not send,
        seconds=round(house.clock.boot_seconds() - began, 3),
    )


async def _anew(house: House, into: Path, chosen: Plan, *, send: bool) -> int:
    servers = await asyncio.to_thread(start_embedded, into, redis=False)
    whole = False
    try:
        pending = await begin_anew(house, servers.database_url, chosen.base, chosen.instant, send=send)
        whole = True
    finally:
        await asyncio.to_thread(servers.stop)
        if not whole:
            await asyncio.to_thread(discard_embedded, into)
    return pending


def _failed(error: NotRecoveredError, instant: datetime) -> FailedError | DamagedError:
    if error.ended_early:
        return DamagedError(
            f"The log ended before {instant.isoformat()}: a segment is not what was written. Nothing is left behind. "
            "Name an earlier instant, or restore a dump: anclora backup list"
        )
    return FailedError(f"Postgres could not be recovered: {error.detail} Nothing is left behind.")
