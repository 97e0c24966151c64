"""Take back: delete a message that is out for everybody. A phone that was off meanwhile may have shown it."""

from datetime import datetime
from uuid import UUID

from anclora.messages.act import Act, Actors, act, in_time, out_already


async def take_back(actors: Actors, message_id: UUID, *, now: datetime, actor: str) -> Act:
    """Delete a message for everybody; the ledger keeps what it said.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: it is not out, is too old, or the provider refuses.
        UnavailableError: the provider cannot be asked; nothing happened.
    """
    earlier, target = await out_already(actors, message_id)
    in_time(earlier, actors.provider_of(earlier.instance).capabilities.delete_seconds, now, "delete")
    return await act(
        actors,
        earlier,
        lambda provider: provider.delete(earlier.instance, earlier.recipient, target),
        action="message.delete",
        words="deleted for everybody",
        actor=actor,
        detail={},
    )
