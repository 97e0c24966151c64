"""The content of a draft within its provider's limits. Pure. Every refusal says what to do."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from anclora.contacts import phone_digits
from anclora.kit.errors import InvalidError
from anclora.messages import interactive
from anclora.messages.files import checked_media
from anclora.messages.model import ContentType, Draft
from anclora.messages.targets import Known, target_of
from anclora.messages.words import all_storable, clean, emoji, needed
from anclora.providers.contract import (
    Audio,
    Capabilities,
    Card,
    Contacts,
    Content,
    Document,
    Image,
    Location,
    Poll,
    Reaction,
    Status,
    Sticker,
    Target,
    Text,
    Video,
    kind_of,
)

Part = TypeVar("Part")
_MENTIONS = 256
_LONGEST_TYPING_MS = 10_000  # a send must start well within the lease of its intent
_WITH_CAPTION: Mapping[str, type[Image] | type[Document] | type[Video]] = {
    "image": Image,
    "document": Document,
    "video": Video,
}
# What a type has besides the field of its own name.
_FIELDS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    **dict.fromkeys(("image", "document", "video"), frozenset({"media", "caption"})),
    **dict.fromkeys(("audio", "sticker"), frozenset({"media"})),
}
_ALL = ("text", "media", "caption", "location", "contacts", "reaction", "poll", "buttons", "list", "template", "status")
_ATTRIBUTE = {"list": "choices"}


class Desk(msgspec.Struct, frozen=True):
    """What a draft is judged by.

    Attributes:
        limits: of the provider of the instance that sends it.
        instance: that sends it.
        recipient: digits of whom it goes to.
        region: country of national numbers.
        known: what the ledger knows of the things it names.
    """

    limits: Capabilities
    instance: str
    recipient: str
    region: str
    known: Known


def content_of(draft: Draft, desk: Desk) -> Content:
    """The content of a draft. Raises `InvalidError`, `NotFoundError` or `ConflictError`."""
    if draft.type == "text" and draft.reply_to is None and not draft.mentions and draft.typing_ms is None:
        return _text(draft, desk, None, ())
    kind = draft.type
    if kind not in desk.limits.contents:
        raise InvalidError(
            f"{desk.instance} cannot send a message of type {kind}. It can: {', '.join(sorted(desk.limits.contents))}.",
            code="not_supported",
        )
    _only_its_own(draft)
    quoted: Target | None = None
    if draft.reply_to is not None:
        if kind not in desk.limits.limits.quoting:
            raise InvalidError(f"A message of type {kind} cannot answer another one; leave reply_to out.")
        quoted = target_of(draft.reply_to, "reply_to", desk.instance, desk.recipient, desk.known)
    content = _built(draft, desk, quoted, _mentions(draft, desk))
    if draft.typing_ms is not None:
        content = _typed(content, draft.typing_ms, quoted, desk)
    all_storable(kind, msgspec.to_builtins(content))
    return content


def _only_its_own(draft: Draft) -> None:
    own = _FIELDS.get(draft.type) or {draft.type}
    for name in _ALL:
        if name not in own and getattr(draft, _ATTRIBUTE.get(name, name)) is not None:
            hint = "use caption" if name == "text" and "caption" in own else "set type, or leave it out"
            raise InvalidError(f"A message of type {draft.type} has no {name}; {hint}.")
    if draft.type not in _FIELDS and getattr(draft, _ATTRIBUTE.get(draft.type, draft.type)) is None:
        raise InvalidError(f"A message of type {draft.type} needs its own field; write {draft.type} beside type.")


def _mentions(draft: Draft, desk: Desk) -> tuple[str, ...]:
    if not draft.mentions:
        return ()
    if len(draft.mentions) > _MENTIONS:
        raise InvalidError(f"A message mentions at most {_MENTIONS} people.")
    if draft.type in ("reaction", "status"):
        raise InvalidError(f"A message of type {draft.type} mentions nobody; leave mentions out.")
    return tuple(dict.fromkeys(phone_digits(number, desk.region) for number in draft.mentions))


def _typed(content: Content, typing_ms: int, quoted: Target | None, desk: Desk) -> Content:
    """The content with its time of typing. Raises `InvalidError`."""
    if not 1 <= typing_ms <= _LONGEST_TYPING_MS:
        raise InvalidError(f"typing_ms is {typing_ms}; 1 to {_LONGEST_TYPING_MS} are allowed.")
    if isinstance(content, Reaction | Status):
        raise InvalidError(f"Nobody sees us write a message of type {kind_of(content)}; leave typing_ms out.")
    if desk.limits.typing == "none":
        raise InvalidError(f"{desk.instance} cannot show that we write; leave typing_ms out.", code="not_supported")
    if desk.limits.typing == "answer" and (quoted is None or quoted.from_me):
        raise InvalidError(
            f"{desk.instance} shows that we write only below a message of theirs; name it in reply_to.",
            code="not_supported",
        )
    return msgspec.structs.replace(content, typing_ms=typing_ms)


def _text(draft: Draft, desk: Desk, quoted: Target | None, mentions: tuple[str, ...]) -> Text:
    if draft.media is not None or draft.caption is not None or _has_part(draft):
        _only_its_own(draft)
    text = clean("text", draft.text, desk.limits.text_chars)
    if not text or not text.strip():
        raise InvalidError("text is empty; write what to send.", code="empty_text")
    return Text(text=text, preview=draft.preview, quoted=quoted, mentions=mentions)


def _has_part(draft: Draft) -> bool:
    return not (
        draft.location is None
        and draft.contacts is None
        and draft.reaction is None
        and draft.poll is None
        and draft.buttons is None
        and draft.choices is None
        and draft.template is None
        and draft.status is None
    )


def _built(draft: Draft, desk: Desk, quoted: Target | None, mentions: tuple[str, ...]) -> Content:
    if draft.type == "text":
        return _text(draft, desk, quoted, mentions)
    if draft.type in _WITH_CAPTION:
        media = checked_media(draft.media, draft.type, "media", desk.limits, desk.known.files)
        caption = clean("caption", draft.caption, desk.limits.caption_chars)
        return _WITH_CAPTION[draft.type](media=media, caption=caption, quoted=quoted, mentions=mentions)
    content = _BUILDERS[draft.type](draft, desk)
    if isinstance(content, Reaction) or (quoted is None and not mentions) or kind_of(content) == "status":
        return content
    return msgspec.structs.replace(content, quoted=quoted, mentions=mentions)


def _audio(draft: Draft, desk: Desk) -> Content:
    return Audio(media=checked_media(draft.media, "audio", "media", desk.limits, desk.known.files))


def _sticker(draft: Draft, desk: Desk) -> Content:
    return Sticker(media=checked_media(draft.media, "sticker", "media", desk.limits, desk.known.files))


def _location(draft: Draft, desk: Desk) -> Content:
    place = _part(draft.location)
    longest = desk.limits.limits.place_chars
    return Location(
        latitude=place.latitude,
        longitude=place.longitude,
        name=clean("location.name", place.name, longest),
        address=clean("location.address", place.address, longest),
    )


def _contacts(draft: Draft, desk: Desk) -> Content:
    cards = _part(draft.contacts)
    most = desk.limits.limits.cards
    if not 1 <= len(cards) <= most:
        raise InvalidError(f"contacts has {len(cards)} cards; 1 to {most} are allowed.", code="invalid_contacts")
    found = tuple(
        Card(
            name=needed(f"contacts[{place}].name", card.name, 255),
            phone=phone_digits(card.phone, desk.region),
            organization=clean(f"contacts[{place}].organization", card.organization, 255),
            email=clean(f"contacts[{place}].email", card.email, 255),
            url=clean(f"contacts[{place}].url", card.url, 2_000),
        )
        for place, card in enumerate(cards)
    )
    if len(set(found)) != len(found):
        raise InvalidError("contacts holds the same card twice; leave one out.", code="invalid_contacts")
    return Contacts(contacts=found)


def _reaction(draft: Draft, desk: Desk) -> Content:
    reaction = _part(draft.reaction)
    target = target_of(reaction.target, "reaction.target", desk.instance, desk.recipient, desk.known)
    bare = Target(provider_id=target.provider_id, from_me=target.from_me)
    return Reaction(target=bare, emoji=emoji("reaction.emoji", reaction.emoji))


def _poll(draft: Draft, desk: Desk) -> Content:
    poll, limits = _part(draft.poll), desk.limits.limits
    options = tuple(
        needed(f"poll.options[{place}]", option, limits.poll_option_chars) for place, option in enumerate(poll.options)
    )
    if not 2 <= len(options) <= limits.poll_options:
        raise InvalidError(
            f"poll.options has {len(options)} answers; 2 to {limits.poll_options} are allowed.", code="invalid_poll"
        )
    if len({option.strip() for option in options}) != len(options):
        raise InvalidError("poll.options holds the same answer twice; write each once.", code="invalid_poll")
    if poll.selectable > len(options):
        raise InvalidError(
            f"poll.selectable is {poll.selectable}; 0 (any number) to {len(options)} is allowed.", code="invalid_poll"
        )
    question = needed("poll.question", poll.question, limits.poll_question_chars)
    return Poll(question=question, options=options, selectable=poll.selectable)


def _buttons(draft: Draft, desk: Desk) -> Content:
    return interactive.buttons_of(_part(draft.buttons), desk.limits, desk.region)


def _choices(draft: Draft, desk: Desk) -> Content:
    return interactive.choices_of(_part(draft.choices), desk.limits)


def _template(draft: Draft, desk: Desk) -> Content:
    return interactive.template_of(_part(draft.template), desk.limits, desk.known.files)


def _status(draft: Draft, desk: Desk) -> Content:
    return interactive.status_of(_part(draft.status), desk.limits, desk.region, desk.known)


def _part(part: Part | None) -> Part:
    if part is None:  # `_only_its_own` has looked
        raise AssertionError
    return part


_BUILDERS: Mapping[ContentType, Callable[[Draft, Desk], Content]] = {
    "audio": _audio,
    "sticker": _sticker,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "poll": _poll,
    "buttons": _buttons,
    "list": _choices,
    "template": _template,
    "status": _status,
}
