"""Edit: give a message that is out new words. WhatsApp shows that it was edited."""

from datetime import datetime
from uuid import UUID

from anclora.kit.errors import ConflictError
from anclora.messages.act import Act, Actors, act, in_time, out_already
from anclora.messages.words import needed

_WORDED = frozenset(("text", "image", "video", "document", "buttons", "list"))
_NOTED_CHARS = 200


async def edit(actors: Actors, message_id: UUID, text: str, *, now: datetime, actor: str) -> Act:
    """Give a message other words; of a file, another caption.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: it is not out, has no words, is too old, or the provider refuses.
        InvalidError: the words are empty, too many or hold what none may.
        UnavailableError: the provider cannot be asked; nothing happened.
    """
    earlier, target = await out_already(actors, message_id)
    can = actors.provider_of(earlier.instance).capabilities
    if earlier.kind not in _WORDED:
        raise ConflictError(f"A message of type {earlier.kind} has no words to edit.", code="not_supported")
    in_time(earlier, can.edit_seconds, now, "edit")
    longest = can.caption_chars if earlier.kind in can.media_bytes else can.text_chars
    text = needed("text", text, longest)
    return await act(
        actors,
        earlier,
        lambda provider: provider.edit(earlier.instance, earlier.recipient, target, text),
        action="message.edit",
        words=text[:_NOTED_CHARS],
        actor=actor,
        detail={"chars": len(text)},
    )
