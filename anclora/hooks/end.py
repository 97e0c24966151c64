"""How a turn ended, in one transaction: the log, the deliveries, the endpoint's schedule, and its pause if need be."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from anclora.hooks import metrics
from anclora.hooks.fan_out import QUERIES
from anclora.hooks.model import Hook, PausedBy, Request
from anclora.hooks.pause import tell_paused
from anclora.hooks.rules import (
    blames_the_event,
    fails_persistently,
    is_over,
    next_try_at,
    suspect_of,
    wait_seconds,
    width_after,
)
from anclora.kit.settings import Settings
from anclora.storage.database import Connection, Database, fetch_one

_NOTHING_DUE_SECONDS = 1.0


async def rest(db: Database, hook: Hook, now: datetime) -> None:
    """Nothing of what waits may go now: give the turn back and look again in a second."""
    await db.execute(QUERIES["end_turn"], **_turn(hook), next_at=now + timedelta(seconds=_NOTHING_DUE_SECONDS))


async def end(
    db: Database,
    hook: Hook,
    requests: Sequence[Request],
    settings: Settings,
    now: datetime,
    dice: random.Random | None = None,
) -> bool:
    """Store the ends of some requests to one endpoint; whether it may go on at once."""
    failed = [each for each in requests if not each.answered.good]
    async with db.transaction() as conn:
        for request in requests:
            await _store(conn, hook, request, now, dice)
        after = _after(hook, requests, failed, now, dice)
        ours = await fetch_one(conn, QUERIES["end_turn"], **after)
        if ours and failed:
            await _pause(conn, hook, failed, after, settings, now)
    return not failed


async def _store(conn: Connection, hook: Hook, request: Request, now: datetime, dice: random.Random | None) -> None:
    answered, ids = request.answered, [each.event_id for each in request.deliveries]
    error = None if answered.good else answered.words
    line = {"id": request.id, "hook_id": hook.id, "at": request.at, "webhook_id": request.webhook_id}
    spent = {"duration_ms": answered.duration_ms, "status": answered.status, "error": error, "answer": answered.text}
    await conn.execute(QUERIES["store_request"], {**line, "event_ids": ids, **spent})
    common = {
        "hook_id": hook.id,
        "ids": ids,
        "now": now,
        "request_id": request.id,
        "status": answered.status,
        "error": error,
    }
    alone = len(ids) == 1 and not answered.gone
    if answered.good or (alone and is_over(request.deliveries[0], now)):
        state = "delivered" if answered.good else "failed"
        await conn.execute(QUERIES["end_deliveries"], {**common, "state": state})
        metrics.DELIVERIES.labels(state).inc(len(ids))
        return
    due_at = next_try_at(request.deliveries[0], now, dice) if alone else now
    await conn.execute(QUERIES["keep_deliveries"], {**common, "alone": int(alone), "due_at": due_at})


def _after(
    hook: Hook, requests: Sequence[Request], failed: Sequence[Request], now: datetime, dice: random.Random | None
) -> dict[str, Any]:
    """The endpoint's columns after these requests."""
    turn = _turn(hook) | {"width": width_after(hook, [each.deliveries for each in failed]), "next_at": now}
    before = hook.failures
    if len(failed) < len(requests):
        before = 0
        turn |= {"failures": 0, "failing_since": None, "suspect": None, "last_ok_at": now}
    if failed:
        lost = [delivery for each in failed for delivery in each.deliveries]
        suspect = suspect_of(hook, {each.subject for each in lost}, first=not before)
        wish = max((each.answered.wish_seconds or 0.0 for each in failed), default=0.0)
        wait = timedelta(seconds=wait_seconds(before + 1, wish, dice))
        turn |= {"failures": before + 1, "failing_since": turn["failing_since"] or now, "suspect": suspect}
        turn |= {"next_at": now if blames_the_event(suspect, lost) and not wish else now + wait}
        turn |= {"last_error": failed[-1].answered.words}
    return turn


def _turn(hook: Hook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "turn": hook.turn,
        "failures": hook.failures,
        "failing_since": hook.failing_since,
        "suspect": hook.suspect,
        "width": hook.width,
        "last_ok_at": None,
        "last_error": None,
    }


async def _pause(
    conn: Connection,
    hook: Hook,
    failed: Sequence[Request],
    after: dict[str, Any],
    settings: Settings,
    now: datetime,
) -> None:
    by: PausedBy
    if any(each.answered.gone for each in failed):
        by, why = "gone", "It answered 410: it wants no more."
    elif any(is_over(each.deliveries[0], now) and len(each.deliveries) == 1 for each in failed):
        return  # that one was given up; the next may show that the endpoint is well
    elif fails_persistently(
        after["failures"],
        after["failing_since"],
        now,
        after_seconds=settings.hooks_pause_after_seconds,
        sole=after["suspect"] is not None,
    ):
        since = f"{after['failing_since']:%Y-%m-%d %H:%M} UTC"
        by, why = "failures", f"Every request failed since {since}; the last one: {after['last_error']}."
    else:
        return
    row = await fetch_one(conn, QUERIES["pause_hook"], id=hook.id, now=now, by=by, why=why)
    if row is not None:
        await tell_paused(conn, hook, by, why, now)
