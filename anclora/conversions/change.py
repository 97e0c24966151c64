"""Writing a refund or a correction behind its conversion, one at a time for each."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from anclora import events
from anclora.audit import record as audit
from anclora.conversions.errors import no_conversion, other_body
from anclora.conversions.metrics import CHANGED
from anclora.conversions.model import Desk, EventName
from anclora.conversions.record import QUERIES, Recorded
from anclora.conversions.rules import Standing, Step
from anclora.conversions.told import told
from anclora.kit.ids import new_id
from anclora.storage.database import Connection, Database, fetch_one


async def change(
    db: Database,
    conversion_id: UUID,
    desk: Desk,
    *,
    event: EventName,
    hash: bytes,  # noqa: A002 - the name of the column
    texts: dict[str, str | None],
    step: Callable[[Standing], Step],
) -> Recorded:
    """Write what `step` makes of the conversion as it stands; the conversion's own id.

    Raises:
        NotFoundError: there is no such conversion.
        ConflictError: its state forbids it, or the external id stands for something else.
        InvalidError: as `step` says.
    """
    async with db.transaction() as conn:
        found = await fetch_one(conn, QUERIES["lock_conversion"], id=conversion_id, account=desk.account)
        if found is None:
            raise no_conversion(conversion_id)
        if (before := await _before(conn, found, desk, event, texts["external_id"])) is not None:
            if before["original_id"] != conversion_id or bytes(before["hash"]) != hash:
                raise other_body(texts["external_id"] or "")
            return Recorded(conversion_id, replayed=True)
        sums = await fetch_one(conn, QUERIES["sum_conversion"], id=conversion_id) or {}
        standing = Standing(
            currency=found["currency"],
            exponent=found["exponent"],
            gross=sums["gross"],
            net=sums["net"],
            void=sums["counts"] < 1,
            occurred_at=found["occurred_at"],
        )
        await _write(conn, found, standing, step(standing), desk, event=event, hash=hash, texts=texts)
    CHANGED.labels(event).inc()
    return Recorded(conversion_id, replayed=False)


async def _before(
    conn: Connection, found: dict[str, Any], desk: Desk, event: EventName, external_id: str | None
) -> dict[str, Any] | None:
    if external_id is None:
        return None
    given = {"kinds": [found["kind"]], "external_ids": [external_id]}
    return await fetch_one(conn, QUERIES["find_external"], **given, account=desk.account, event=event)


async def _write(
    conn: Connection,
    found: dict[str, Any],
    standing: Standing,
    step: Step,
    desk: Desk,
    *,
    event: EventName,
    hash: bytes,  # noqa: A002 - as above
    texts: dict[str, str | None],
) -> None:
    row_id, net = new_id(), None if step.amount is None else (standing.net or 0) + step.amount
    same = {name: found[name] for name in ("kind", "contact_id", "message_id", "campaign_id", "currency")}
    row: dict[str, Any] = {
        **same,
        **texts,
        "id": row_id,
        "account": desk.account,
        "original_id": found["id"],
        "event": event,
        "hash": hash,
        "amount": step.amount,
        "net": net,
        "counts": step.counts,
        "occurred_at": step.occurred_at,
        "valued_at": found["occurred_at"],
        "now": desk.now,
        "actor": desk.actor,
    }
    if await fetch_one(conn, QUERIES["insert_event"], **row) is None:
        # Written this moment behind another conversion: the id names that one.
        raise other_body(texts["external_id"] or "")
    facts = {name: row[name] for name in ("kind", "contact_id", "message_id", "campaign_id", "currency", "external_id")}
    exponent = found["exponent"]
    happened = told(
        event, row_id, found["id"], amount=step.amount, net=net, exponent=exponent, at=step.occurred_at, **facts
    )
    await events.append(conn, [happened])
    detail = {"amount_minor": step.amount, "currency": found["currency"], "row": str(row_id)}
    verb = {"refunded": "refund", "corrected": "correct"}[event]
    await audit(conn, actor=desk.actor, action=f"conversion.{verb}", subject=f"conversion:{found['id']}", detail=detail)
