"""Sending again what was given up for a cause that has passed: refusals that may pass, on numbers that work again."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from anclora.instances import status_of
from anclora.kit.errors import NotFoundError
from anclora.messages.dead_letters import Choice, DeadLetter, find_dead, put_back, requeue
from anclora.messages.read import get
from anclora.playbook.sources.contract import Parts
from anclora.playbook.sources.queue import TRANSIENT

AT_ONCE = 50
_YOUNG = timedelta(hours=24)  # late is worse than never
_PAGE = 200
_VERIFY_SECONDS, _LOOK_EVERY_SECONDS = 10.0, 0.5
_BAD, _WAITING = ("dead", "failed"), ("queued", "sending", "unknown", "scheduled")


class RequeueDead:
    """At most fifty at once, given up in the last 24 hours, never one whose outcome is in doubt."""

    async def plan(self, parts: Parts) -> Sequence[str]:
        """How many of each number."""
        found = await self._chosen(parts)
        names = sorted({letter.instance for letter in found})
        return [f"{name}: {sum(letter.instance == name for letter in found)} -> queue" for name in names]

    async def act(self, parts: Parts, *, actor: str) -> Sequence[str]:
        """Into the queue, behind all that waits."""
        ids = [letter.id for letter in await self._chosen(parts)]
        await requeue(parts.db, Choice(ids=ids), actor=actor)
        return [str(each) for each in ids]

    async def verify(self, parts: Parts, touched: Sequence[str]) -> str | None:
        """Whether none is given up again while it is looked at, for 10 s at most."""
        waiting, bad = set(touched), set[str]()
        try:
            async with asyncio.timeout(_VERIFY_SECONDS):
                while waiting and not bad:
                    states = {each: await _state(parts, each) for each in waiting}
                    bad = {each for each, state in states.items() if state in _BAD}
                    waiting = {each for each, state in states.items() if state in _WAITING}
                    if waiting and not bad:
                        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        except TimeoutError:  # the rest wait their turn, and nothing speaks against them
            return None
        return f"{len(bad)} of {len(touched)} failed again" if bad else None

    async def undo(self, parts: Parts, touched: Sequence[str], *, actor: str) -> str:
        """Those that were not tried yet are dead letters again."""
        count = await put_back(parts.db, [UUID(each) for each in touched], TRANSIENT, actor=actor)
        return f"{count} were put back among the dead letters"

    async def _chosen(self, parts: Parts) -> list[DeadLetter]:
        await parts.fresh_numbers()
        now = parts.now
        well = {each.name for each in parts.book.all if status_of(each, now) == "connected"}
        found = await find_dead(parts.db, instance=None, reason=TRANSIENT, before=None, limit=_PAGE)
        return [letter for letter in found if letter.instance in well and now - letter.died_at <= _YOUNG][:AT_ONCE]


async def _state(parts: Parts, message_id: str) -> str:
    try:
        return (await get(parts.db, UUID(message_id))).state
    except NotFoundError:
        return "gone"
