"""The remedies as rows: begun, acted on, resumed, ended; every step with its line in the audit trail."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from anclora.audit import record
from anclora.instances.book import QUERIES
from anclora.instances.remedies import Decision, Mend, Outcome, Patient
from anclora.kit.ids import new_id
from anclora.storage.database import Connection, Database, execute, fetch_all

ACTOR = "mender"
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_MOST = 1_000


class Ward(msgspec.Struct, frozen=True, kw_only=True):
    """Every number as the mender finds it.

    Attributes:
        patients: by name.
        providers: the provider of each.
        states: the provider's word for each.
        open: the remedy under way of each that has one, with its id.
        notes: what a person was told to do.
        held: the numbers that stand still because of the mender, or have a note of it.
        in_an_hour: remedies of all numbers in the last hour.
    """

    patients: Mapping[str, Patient]
    providers: Mapping[str, str]
    states: Mapping[str, str]
    open: Mapping[str, tuple[UUID, Mend]]
    notes: Mapping[str, str]
    held: frozenset[str]
    in_an_hour: int


class PastMend(msgspec.Struct, frozen=True, kw_only=True):
    """A remedy, for people.

    Attributes:
        found: the word of the number before.
        result: mended, failed or not_needed; None = it is being verified.
    """

    began_at: datetime
    remedy: str
    found: str
    reason: str | None
    ended_at: datetime | None
    result: str | None
    detail: str | None


async def read_ward(db: Database, now: datetime) -> Ward:
    """Every number with its remedies."""
    mends: dict[str, list[Mend]] = {}
    under_way: dict[str, tuple[UUID, Mend]] = {}
    in_an_hour = 0
    for row in await db.fetch_all(QUERIES["read_mends"], since=now - _DAY):
        mend_id, counts = row.pop("id"), row.pop("counts")
        mend = Mend(**row)
        in_an_hour += mend.result != "not_needed" and now - mend.began_at < _HOUR
        if counts:
            mends.setdefault(mend.instance, []).append(mend)
        if mend.ended_at is None:
            under_way[mend.instance] = (mend_id, mend)
    rows = await db.fetch_all(QUERIES["read_patients"], actor=ACTOR)
    patients = {
        row["name"]: Patient(
            name=row["name"],
            status=row["status"],
            since=row["since"],
            reason=row["reason"],
            stopped=row["mend_stopped_at"] is not None,
            mends=mends.get(row["name"], []),
        )
        for row in rows
    }
    notes = {row["name"]: row["mend_note"] for row in rows if row["mend_note"] is not None}
    return Ward(
        patients=patients,
        providers={row["name"]: row["provider"] for row in rows},
        states={row["name"]: row["state"] for row in rows},
        open=under_way,
        notes=notes,
        held=frozenset(notes) | {row["name"] for row in rows if row["held"]},
        in_an_hour=in_an_hour,
    )


async def begin_mend(
    db: Database, patient: Patient, decision: Decision, *, rests_seconds: float, now: datetime
) -> UUID | None:
    """Begin a remedy: its row, and its lane rests. None = another one is under way."""
    mend_id = new_id()
    async with db.transaction() as conn:
        begun = await fetch_all(
            conn,
            QUERIES["begin_mend"],
            id=mend_id,
            name=patient.name,
            remedy=decision.remedy,
            found=patient.status,
            reason=decision.why,
            now=now,
            until=now + timedelta(seconds=rests_seconds),
        )
        if not begun:
            return None
        detail = {"remedy": decision.remedy, "status": patient.status, "why": decision.why}
        await _audit(conn, "mend_begun", patient.name, detail)
    return mend_id


async def mark_acted(db: Database, name: str, mend_id: UUID, now: datetime, *, answer: str) -> None:
    """The provider was asked, and said this."""
    async with db.transaction() as conn:
        await execute(conn, QUERIES["mark_acted"], id=mend_id, name=name, now=now)
        await _audit(conn, "mend_acted", name, {"answer": answer})


async def mark_resumed(db: Database, name: str, mend_id: UUID, now: datetime, *, looked_up: int) -> None:
    """Its messages were looked up, and its lane goes on."""
    async with db.transaction() as conn:
        await execute(conn, QUERIES["mark_resumed"], id=mend_id, name=name, now=now)
        await _audit(conn, "mend_resumed", name, {"looked_up": looked_up})


async def end_mend(db: Database, name: str, mend_id: UUID, outcome: Outcome, now: datetime) -> None:
    """How it ended."""
    async with db.transaction() as conn:
        values = {"id": mend_id, "now": now, "result": outcome.result, "detail": outcome.detail}
        if await fetch_all(conn, QUERIES["end_mend"], **values):
            await _audit(conn, "mend_ended", name, {"result": outcome.result, "detail": outcome.detail})


async def stop_mending(conn: Connection, name: str, note: str, now: datetime) -> bool:
    """Give up on a number; False = that was done."""
    if not await fetch_all(conn, QUERIES["stop_mending"], name=name, note=note, now=now):
        return False
    await _audit(conn, "mend_stopped", name, {"why": note})
    return True


async def note_person(conn: Connection, name: str, note: str) -> bool:
    """Say what a person must do; False = that is said already."""
    if not await fetch_all(conn, QUERIES["note_person"], name=name, note=note):
        return False
    await _audit(conn, "mend_notice", name, {"what": note})
    return True


async def count_anew(conn: Connection, name: str, *, actor: str, why: str, now: datetime) -> bool:
    """The number is well, and what was tried before counts no more; False = nothing did."""
    if not await fetch_all(conn, QUERIES["count_anew"], name=name, now=now):
        return False
    await _audit(conn, "mend_anew", name, {"why": why}, actor=actor)
    return True


async def recent_mends(db: Database, name: str, *, limit: int = 20) -> Sequence[PastMend]:
    """The last remedies of a number, the newest first."""
    rows = await db.fetch_all(QUERIES["recent_mends"], name=name, limit=min(max(limit, 1), _MOST))
    return [PastMend(**row) for row in rows]


async def _audit(conn: Connection, verb: str, name: str, detail: Mapping[str, object], *, actor: str = ACTOR) -> None:
    await record(conn, actor=actor, action=f"instance.{verb}", subject=f"instance:{name}", detail=detail)
