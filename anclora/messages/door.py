"""What a draft must be to come in: every rule checked before anything is stored. Pure."""

import hashlib
from collections.abc import Callable
from datetime import datetime

import msgspec

from anclora.contacts.phones import phone_digits
from anclora.kit.errors import ForbiddenError, InvalidError
from anclora.kit.ids import MessageId, new_id
from anclora.messages.contents import Desk, content_of
from anclora.messages.model import DEFAULT_PRIORITY, STATUS_RECIPIENT, Draft, NewMessage, Priority, State
from anclora.messages.rules import due_moment
from anclora.messages.targets import NOTHING, Known
from anclora.messages.words import clean
from anclora.providers.contract import Capabilities, Content, Text, fingerprint

_encoder = msgspec.json.Encoder()
_REF_CHARS = 200
_TAGS = 20
_STATUS = "status"


def _as_it_is(_instance: str, content: Content) -> Content:
    return content


def admit(
    draft: Draft,
    *,
    region: str,
    now: datetime,
    choose_instance: Callable[[str | None], str],
    limits: Callable[[str], Capabilities],
    may_be_critical: bool,
    rendered: Callable[[str, Content], Content] = _as_it_is,
    known: Known = NOTHING,
) -> NewMessage:
    """Turn a draft into a message to store.

    Args:
        draft: what the caller wrote.
        region: country of national numbers.
        now: the present moment.
        choose_instance: gives the instance to use for the one asked for, or raises.
        limits: the capabilities of an instance's provider.
        may_be_critical: whether the key holds `messages:critical`.
        rendered: a content as an instance's provider really sends it.
        known: what the ledger knows of the things the draft names.

    Raises:
        InvalidError, ForbiddenError, NotFoundError, ConflictError: with the sentence that says what to do.
    """
    if draft.priority == "critical" and not may_be_critical:
        raise ForbiddenError("Priority critical needs a key with the scope messages:critical.")
    instance = choose_instance(draft.instance)
    recipient = _recipient(draft, region)
    content = content_of(draft, Desk(limits(instance), instance, recipient, region, known))
    shown = content if isinstance(content, Text) else rendered(instance, content)
    send_at = due_moment(draft.send_at, draft.send_zone, now=now)
    if draft.expires_at is not None:
        if draft.expires_at.tzinfo is None:
            raise InvalidError("expires_at has no offset; add one, e.g. 2026-01-31T09:00:00+01:00.")
        if draft.expires_at <= (send_at or now):
            raise InvalidError("expires_at lies before the message could be sent.")
    if draft.client_ref is not None and not draft.client_ref.strip():
        raise InvalidError("client_ref is empty; leave it out or give it a value.")
    if len(draft.tags) > _TAGS:
        raise InvalidError(f"A message has at most {_TAGS} tags.")
    return NewMessage(
        id=MessageId(new_id()),
        instance=instance,
        recipient=recipient,
        content=content,
        encoded=_encoder.encode(content),
        fingerprint=fingerprint(shown),
        kind=draft.kind,
        priority=Priority[draft.priority.upper()] if draft.priority else DEFAULT_PRIORITY[draft.kind],
        state=State.SCHEDULED if send_at else State.QUEUED,
        send_at=send_at,
        send_zone=clean("send_zone", draft.send_zone, 60),
        expires_at=draft.expires_at,
        client_ref=clean("client_ref", draft.client_ref, _REF_CHARS),
        tags=[tag for tag in (clean("tags", tag, 60) for tag in draft.tags) if tag],
        campaign_id=draft.campaign_id,
        hash=hashlib.sha256(_encoder.encode(draft)).digest(),
    )


def _recipient(draft: Draft, region: str) -> str:
    if draft.type == _STATUS:
        if draft.to.strip().lower() != _STATUS:
            raise InvalidError("A status goes to everybody in its audience; set to to the word status.")
        return STATUS_RECIPIENT
    return phone_digits(draft.to, region)
