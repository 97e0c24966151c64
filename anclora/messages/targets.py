"""Earlier messages that a new one speaks of: our id or the provider's becomes the provider's, or a sentence why not.

Pure; `gather` has read what is known of them.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from anclora.kit.errors import ConflictError, InvalidError, NotFoundError
from anclora.media import StoredFile
from anclora.messages.words import clean
from anclora.providers.contract import Target

_REFERENCE_CHARS = 250
_OWN_CHARS = 36


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """A message of ours that a draft may speak of. `provider_id` is None while it has not been sent."""

    id: UUID
    state: str
    instance: str
    recipient: str
    provider_id: str | None
    sent_at: datetime | None
    kind: str
    text: str | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of the things some drafts name.

    Attributes:
        ours: messages of ours, by our id.
        sent: instance and provider id of what left our numbers.
        files: uploaded files, by hash; held for these drafts.
        opted_out: digits of people who want nothing from us, of those a status would be shown to.
    """

    ours: Mapping[UUID, Earlier] = msgspec.field(default_factory=dict[UUID, Earlier])
    sent: frozenset[tuple[str, str]] = frozenset()
    files: Mapping[str, StoredFile] = msgspec.field(default_factory=dict[str, StoredFile])
    opted_out: frozenset[str] = frozenset()


NOTHING = Known()


def own_id(reference: str) -> UUID | None:
    """One of our ids, in its usual writing; anything else is the provider's."""
    try:
        return UUID(reference) if len(reference) == _OWN_CHARS else None
    except ValueError:
        return None


def target_of(reference: str, field: str, instance: str, recipient: str, known: Known) -> Target:
    """The earlier message a draft speaks of.

    Args:
        reference: as the draft writes it.
        field: where it stands there, for the sentence.
        instance: that sends the draft.
        recipient: digits of whom it goes to.
        known: what was read of the reference.

    Raises:
        InvalidError: it is no id, or another number's or another person's message.
        NotFoundError: no message of ours has this id (`unknown_target`).
        ConflictError: it has not been sent yet (`target_not_sent`).
    """
    clean(field, reference, _REFERENCE_CHARS)
    if not reference.isprintable() or not reference or " " in reference:
        raise InvalidError(f"{field} is no id of a message; give our id or the provider's.", code="invalid_target")
    message_id = own_id(reference)
    if message_id is None:
        return Target(provider_id=reference, from_me=(instance, reference) in known.sent)
    earlier = known.ours.get(message_id)
    if earlier is None:
        raise NotFoundError(f"{field}: there is no message {message_id}.", code="unknown_target")
    if earlier.recipient != recipient:
        raise InvalidError(f"{field}: message {message_id} went to somebody else.", code="invalid_target")
    if earlier.instance != instance:
        raise InvalidError(
            f"{field}: message {message_id} left from {earlier.instance}; set instance to it.", code="invalid_target"
        )
    return Target(provider_id=sent_id(earlier), from_me=True, text=earlier.text)


def sent_id(earlier: Earlier) -> str:
    """The provider's id of a message of ours. Raises `ConflictError` (`target_not_sent`)."""
    if earlier.provider_id is None:
        raise ConflictError(
            f"Message {earlier.id} is {earlier.state} and WhatsApp does not know it; wait until it is sent.",
            code="target_not_sent",
        )
    return earlier.provider_id
