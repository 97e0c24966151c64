"""Mending numbers that are not connected, with the gesture a person has: connect a closed one, restart another."""

import asyncio
from collections.abc import Sequence

from anclora.instances import Instance, status_of
from anclora.instances.maintenance import busy
from anclora.instances.mends import read_ward
from anclora.instances.restart import restart
from anclora.instances.steer import Hand
from anclora.kit.errors import AncloraError
from anclora.playbook.sources.contract import Parts
from anclora.providers.contract.numbers import numbers_of

AT_ONCE = 3
_MENDABLE = ("disconnected", "connecting", "stalled")
_VERIFY_SECONDS, _LOOK_EVERY_SECONDS = 20.0, 0.5


class MendNumbers:
    """At most three numbers at once; none that is being paired, deployed or mended already."""

    async def plan(self, parts: Parts) -> Sequence[str]:
        """The numbers, and how each is found."""
        return [f"{each.name}: {status_of(each, parts.now)} -> reconnect" for each in await self._ill(parts)]

    async def act(self, parts: Parts, *, actor: str) -> Sequence[str]:
        """One after the other."""
        touched: list[str] = []
        for each in await self._ill(parts):
            await restart(_hand(parts, each, actor))
            touched.append(each.name)
        return touched

    async def verify(self, parts: Parts, touched: Sequence[str]) -> str | None:
        """Whether the provider says open of each within 20 s."""
        closed = list(touched)
        try:
            async with asyncio.timeout(_VERIFY_SECONDS):
                while closed:
                    closed = [name for name in closed if not await _is_open(parts, name)]
                    if closed:
                        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        except TimeoutError:
            return f"{', '.join(closed)}: not open after {_VERIFY_SECONDS:.0f} s; see: anclora instances health"
        return None

    async def undo(self, parts: Parts, touched: Sequence[str], *, actor: str) -> str:  # noqa: ARG002 - see below
        """Connecting changes no setting and sends nothing, so there is nothing to take back."""
        return "nothing has to be taken back"

    async def _ill(self, parts: Parts) -> list[Instance]:
        await parts.fresh_numbers()
        now = parts.now
        undisturbed, ward = await busy(parts.db, now), await read_ward(parts.db, now)
        if "" in undisturbed:
            return []
        return [
            each
            for each in parts.book.all
            if status_of(each, now) in _MENDABLE
            and each.name not in undisturbed
            and each.name not in ward.open
            and _is_phone(parts, each)
        ][:AT_ONCE]


def _hand(parts: Parts, instance: Instance, actor: str) -> Hand:
    return Hand(
        db=parts.db, clock=parts.clock, instance=instance, provider=parts.providers[instance.provider], actor=actor
    )


def _is_phone(parts: Parts, instance: Instance) -> bool:
    try:
        return numbers_of(parts.providers[instance.provider]) is not None
    except AncloraError:  # its provider is not configured in this process
        return False


async def _is_open(parts: Parts, name: str) -> bool:
    instance = next((each for each in parts.book.all if each.name == name), None)
    if instance is None:
        return False
    try:
        return await _hand(parts, instance, "").numbers.state(name) == "open"
    except AncloraError:  # it does not answer yet, and is asked again until the time is over
        return False
