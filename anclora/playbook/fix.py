"""Safe actions behind their guard rails: looked at again, planned, approved, limited, verified, undone, written down.

Whoever calls `carry_out` says that somebody approved the plan and who; nothing here is done without that.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from anclora.audit import record
from anclora.kit.errors import AncloraError
from anclora.kit.ids import new_id
from anclora.kit.logging import get_logger
from anclora.playbook import metrics
from anclora.playbook.actions import ACTIONS
from anclora.playbook.ledger import QUERIES
from anclora.playbook.model import Check, Checklist, Fixed, Plan, Verdict
from anclora.playbook.run import Playbook
from anclora.storage.database import fetch_all

log = get_logger(__name__)
PER_HOUR, ALL_PER_HOUR, MOST_FAILURES = 3, 10, 2
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_CHARS = 500


def rail(action: str, fixes: Sequence[Mapping[str, Any]], now: datetime) -> str | None:
    """What stands in the way of one more action. Pure.

    Args:
        action: its name.
        fixes: those of the last day, the newest first, by `action`, `began_at` and `result` (None = interrupted).
        now: the moment.
    """
    own = [fix for fix in fixes if fix["action"] == action]
    if len(own) >= MOST_FAILURES and all(fix["result"] != "fixed" for fix in own[:MOST_FAILURES]):
        return f"it failed {MOST_FAILURES} times in a row within a day: a person must look"
    recent = [fix for fix in fixes if now - fix["began_at"] < _HOUR]
    if sum(fix["action"] == action for fix in recent) >= PER_HOUR:
        return f"it was done {PER_HOUR} times within an hour"
    if len(recent) >= ALL_PER_HOUR:
        return f"{ALL_PER_HOUR} safe actions were done within an hour"
    return None


async def plan(book: Playbook, check: Check) -> Plan:
    """What would be done about a check now; changes nothing."""
    parts = book.parts
    found = await book.check(check)
    if found.verdict is not Verdict.FINDING:
        return Plan(check=check.id, action=check.action, refused=f"it is {found.verdict.value} now")
    fixes = await parts.db.fetch_all(QUERIES["recent_fixes"], since=parts.now - _DAY)
    refused = rail(check.action, fixes, parts.now)
    steps = await ACTIONS[check.action].plan(parts)
    if not steps and refused is None:
        refused = "nothing of it can be mended safely; see the runbook"
    return Plan(check=check.id, action=check.action, steps=steps, refused=refused)


async def carry_out(book: Playbook, checklist: Checklist, check: Check, *, actor: str) -> Fixed:
    """Do what was approved, if it is still needed and no guard rail stands in the way."""
    parts, action = book.parts, ACTIONS[check.action]
    found = await book.check(check)
    if found.verdict is not Verdict.FINDING:
        return _fixed(check, "not_needed", f"it is {found.verdict.value} now")
    begun = await _begin(book, checklist, check, actor)
    if not isinstance(begun, UUID):
        return _fixed(check, "refused", begun)
    touched: Sequence[str] = ()
    result: Literal["fixed", "failed"] = "failed"
    try:
        touched = await action.act(parts, actor=actor)
        wrong = await action.verify(parts, touched) if touched else "there was nothing to do any more"
        detail = wrong or f"{len(touched)} mended"
        result = "fixed" if wrong is None else "failed"
    except AncloraError as error:
        detail = error.detail
    if result == "failed" and touched:
        detail = f"{detail}; {await _undone(book, check, touched, actor)}"
    await _end(book, begun, check, result, detail, touched, actor)
    return _fixed(check, result, detail)


async def _undone(book: Playbook, check: Check, touched: Sequence[str], actor: str) -> str:
    try:
        return await ACTIONS[check.action].undo(book.parts, touched, actor=actor)
    except AncloraError as error:
        return f"and it could not be taken back: {error.detail}"


async def _begin(book: Playbook, checklist: Checklist, check: Check, actor: str) -> UUID | str:
    """Count it in before anything is done; the sentence of the rail that stands in the way otherwise."""
    parts, now, fix_id = book.parts, book.parts.now, new_id()
    async with parts.db.transaction() as conn:
        await conn.execute(QUERIES["be_alone"])
        refused = rail(check.action, await fetch_all(conn, QUERIES["recent_fixes"], since=now - _DAY), now)
        if refused is not None:
            return refused
        names = {"action": check.action, "checklist": checklist.value, "check_id": check.id}
        await conn.execute(QUERIES["begin_fix"], {"id": fix_id, "actor": actor, "now": now, **names})
        await record(conn, actor=actor, action="playbook.fix_begun", subject=f"playbook_fix:{fix_id}", detail=names)
    return fix_id


async def _end(
    book: Playbook, fix_id: UUID, check: Check, result: str, detail: str, touched: Sequence[str], actor: str
) -> None:
    async with book.parts.db.transaction() as conn:
        row = {"id": fix_id, "now": book.parts.now, "result": result, "detail": detail[:_CHARS]}
        await conn.execute(QUERIES["end_fix"], row)
        told = {"result": result, "detail": detail[:_CHARS], "touched": list(touched)}
        await record(conn, actor=actor, action="playbook.fix_ended", subject=f"playbook_fix:{fix_id}", detail=told)
    metrics.FIXES.labels(check.action, result).inc()
    log.info("fix_ended", action=check.action, result=result, count=len(touched))


def _fixed(check: Check, result: Literal["fixed", "not_needed", "refused", "failed"], detail: str) -> Fixed:
    return Fixed(check=check.id, action=check.action, result=result, detail=detail)
