"""Pairing a number with a phone: a round of codes is begun, and looked at until somebody has scanned one."""

import io
from datetime import timedelta

import segno

from anclora.instances import maintenance
from anclora.instances.steer import Hand
from anclora.providers.contract.numbers import Pairing


async def begin_pairing(hand: Hand, *, phone: str | None = None) -> Pairing:
    """Connect, and leave it in peace for three minutes; with a phone (digits) a code to type comes too.

    Raises:
        ConflictError: it is no paired phone.
        AncloraError: the provider's own sentence.
    """
    await _leave_in_peace(hand, "began")
    pairing = await hand.numbers.connect(hand.instance.name, phone=phone)
    await hand.note("pair", {"by_code": phone is not None, "state": pairing.state})
    return pairing


async def look_at_pairing(hand: Hand) -> Pairing:
    """The codes of now; none when no round was begun, or when it is connected. Nothing is begun by it."""
    name = hand.instance.name
    state = await hand.numbers.state(name)
    if state != "connecting":
        return Pairing(state=state)
    await _leave_in_peace(hand, "goes on")
    return await hand.numbers.connect(name)


async def _leave_in_peace(hand: Hand, why: str) -> None:
    until = hand.clock.now() + timedelta(seconds=maintenance.PAIRING_SECONDS)
    async with hand.db.transaction() as conn:
        await maintenance.begin(
            conn, "pairing", instance=hand.instance.name, until=until, actor=hand.actor, why=f"a pairing {why}"
        )


def picture_of(pairing: Pairing) -> bytes | None:
    """The QR code as PNG: the provider's, or drawn from its text; None = there is none."""
    if pairing.png is not None or pairing.qr is None:
        return pairing.png
    picture = io.BytesIO()
    segno.make(pairing.qr, error="l", micro=False).save(picture, kind="png", scale=6, border=4)
    return picture.getvalue()
