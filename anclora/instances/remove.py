"""Ending a pairing, and giving up a number."""

from anclora.instances.book import QUERIES
from anclora.instances.steer import Hand
from anclora.kit.errors import ConflictError
from anclora.providers.contract.numbers import numbers_of
from anclora.storage.database import execute, fetch_one


async def logout(hand: Hand) -> None:
    """End the pairing: a person must scan a code afterwards.

    Raises:
        ConflictError: it is no paired phone.
        AncloraError: the provider's own sentence.
    """
    await hand.numbers.logout(hand.instance.name)
    async with hand.db.transaction() as conn:
        await execute(conn, QUERIES["mark_logged_out"], name=hand.instance.name)
        await hand.audit(conn, "logout")


async def delete(hand: Hand) -> None:
    """Give a number up, here and at the provider; what was sent and received stays in the ledger.

    Raises:
        ConflictError: messages of it are not out yet (`has_messages`).
        AncloraError: the provider's own sentence; nothing was changed here.
    """
    name = hand.instance.name
    if await hand.db.fetch_one(QUERIES["unfinished_of"], name=name) is not None:
        raise ConflictError(
            f"{name!a} has messages that are not out yet. Cancel them first, or let them go out: "
            f"anclora messages list --instance {name} --state queued",
            code="has_messages",
        )
    numbers = numbers_of(hand.provider)
    if numbers is not None:
        await numbers.delete(name)
    async with hand.db.transaction() as conn:
        await fetch_one(conn, QUERIES["lock_instance"], name=name)
        await execute(conn, QUERIES["remove"], name=name)
        await hand.audit(conn, "delete")
