"""Restarting as a person means it: whatever the state, do what makes the number work again."""

from typing import Literal

import msgspec

from anclora.instances.book import QUERIES
from anclora.instances.steer import Hand
from anclora.kit.errors import ConflictError
from anclora.providers.contract.numbers import NumberState
from anclora.storage.database import execute


class Restarted(msgspec.Struct, frozen=True, kw_only=True):
    """What was done.

    Attributes:
        state: the provider's word before.
        did: connect where it was closed, since a closed number cannot be restarted; else restart.
        asks_for_code: whether a person must scan one: `anclora instances qr NAME`.
    """

    instance: str
    state: NumberState
    did: Literal["connect", "restart"]
    asks_for_code: bool


async def restart(hand: Hand) -> Restarted:
    """Connect or restart; what the mender tried before counts no more.

    Raises:
        ConflictError: it is no paired phone.
        AncloraError: the provider's own sentence.
    """
    name, numbers = hand.instance.name, hand.numbers
    state = await numbers.state(name)
    did: Literal["connect", "restart"] = "restart" if state in ("open", "connecting") else "connect"
    asks = False
    if did == "restart":
        try:
            await numbers.restart(name)
        except ConflictError:  # it closed in between
            did = "connect"
    if did == "connect":
        asks = (await numbers.connect(name)).qr is not None
    async with hand.db.transaction() as conn:
        await execute(conn, QUERIES["take_in_hand"], name=name, now=hand.clock.now())
        await hand.audit(conn, "restart", {"state": state, "did": did})
    return Restarted(instance=name, state=state, did=did, asks_for_code=asks)
