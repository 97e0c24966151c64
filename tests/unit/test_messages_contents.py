"""Every type of message at the door: what comes in becomes a content, what cannot be sent gets a sentence."""

import base64
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from anclora.api.bodies import decode
from anclora.kit.errors import AncloraError, ConflictError, InvalidError, NotFoundError
from anclora.media import StoredFile
from anclora.messages.door import admit
from anclora.messages.model import Draft, NewMessage
from anclora.messages.targets import Earlier, Known
from anclora.messages.words import emoji
from anclora.providers.contract import (
    Buttons,
    Capabilities,
    Card,
    Choices,
    Contacts,
    Image,
    Location,
    Media,
    Poll,
    Reaction,
    Status,
    Sticker,
    Target,
    Template,
    Text,
    fingerprint,
    fingerprint_of,
)
from anclora.providers.contract.provider import CONTENT_TYPES
from anclora.providers.evolution.limits import CAPABILITIES
from anclora.providers.evolution.rendering import rendered

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
TO = "+34600111222"
OURS, WAITING, ELSEWHERE, SOMEBODYS = (UUID(int=number) for number in range(1, 5))
HASH = "a" * 64
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def earlier(message_id: UUID, **changes: Any) -> Earlier:
    facts: dict[str, Any] = {"state": "sent", "instance": "sales", "recipient": "34600111222", "provider_id": "3EB0AA"}
    return Earlier(id=message_id, sent_at=NOW, kind="text", text="¿Sigue libre?", **(facts | changes))


KNOWN = Known(
    ours={
        OURS: earlier(OURS),
        WAITING: earlier(WAITING, provider_id=None, state="queued"),
        ELSEWHERE: earlier(ELSEWHERE, instance="rentals"),
        SOMEBODYS: earlier(SOMEBODYS, recipient="34600111999"),
    },
    sent=frozenset({("sales", "3EB0BB")}),
    files={HASH: StoredFile(hash=HASH, bytes=9, mimetype="image/png", filename="a.png", kept_until=NOW)},
    opted_out=frozenset({"34600111777"}),
)
DECODER = msgspec.json.Decoder(Draft)


def come_in(draft: dict[str, Any], *, template: bool = False, limits: Capabilities = CAPABILITIES) -> NewMessage:
    if template:
        limits = msgspec.structs.replace(limits, contents=CONTENT_TYPES)
    return admit(
        decode(DECODER, msgspec.json.encode({"to": TO} | draft)),
        region="ES",
        now=NOW,
        choose_instance=lambda name: name or "sales",
        limits=lambda _name: limits,
        may_be_critical=False,
        rendered=lambda _name, content: rendered(content),
        known=KNOWN,
    )


ANSWERS = [{"id": "yes", "title": "Sí"}, {"title": "No"}]
ROWS = [{"rows": [{"id": "a", "title": "Centro", "description": "3 hab."}, {"id": "b", "title": "Playa"}]}]
ASK = {"text": "¿A las 10?", "buttons": ANSWERS}
LIST = {"text": "¿Qué busca?", "button": "Ver", "sections": ROWS}
PLACE = {"latitude": 40.41678, "longitude": -3.70379}
POLL = {"question": "¿Cuándo?", "options": ["lunes", "martes"]}
STATUS = {"text": "Abierto", "audience": ["600111333", "+34600111333"]}


@pytest.mark.parametrize(
    ("draft", "content"),
    [
        (
            {"text": "Sí", "reply_to": str(OURS), "mentions": ["600111333"], "preview": False},
            Text(
                text="Sí",
                preview=False,
                mentions=("34600111333",),
                quoted=Target(provider_id="3EB0AA", from_me=True, text="¿Sigue libre?"),
            ),
        ),
        (
            {"type": "image", "media": {"stored": HASH}, "caption": "el salón"},
            Image(media=Media(stored=HASH, mimetype="image/png", filename="a.png"), caption="el salón"),
        ),
        ({"type": "sticker", "media": {"base64": PNG}}, Sticker(media=Media(base64=PNG))),
        ({"type": "location", "location": PLACE}, Location(latitude=40.41678, longitude=-3.70379)),
        (
            {"type": "contacts", "contacts": [{"name": "Ana", "phone": "600 111 333"}]},
            Contacts(contacts=(Card(name="Ana", phone="34600111333"),)),
        ),
        (
            {"type": "reaction", "reaction": {"target": "3EB0BB", "emoji": "👍"}},
            Reaction(target=Target(provider_id="3EB0BB", from_me=True), emoji="👍"),
        ),
        (
            {"type": "reaction", "reaction": {"target": "3A00"}},
            Reaction(target=Target(provider_id="3A00", from_me=False)),
        ),
        ({"type": "poll", "poll": POLL}, Poll(question="¿Cuándo?", options=("lunes", "martes"))),
        (
            {"type": "status", "to": "status", "status": STATUS},
            Status(text="Abierto", audience=("34600111333",)),
        ),
    ],
)
def test_what_a_draft_becomes(draft: dict[str, Any], content: Any) -> None:
    message = come_in(draft)
    assert message.content == content
    assert message.fingerprint == fingerprint(content)


def test_buttons_are_kept_as_written_and_known_by_the_text_that_is_shown() -> None:
    message = come_in({"type": "buttons", "buttons": ASK})
    assert isinstance(message.content, Buttons)
    assert [button.id for button in message.content.buttons] == ["yes", "No"]
    assert message.fingerprint == fingerprint_of("text", "¿A las 10? 1. Sí 2. No")
    forced = come_in({"type": "buttons", "buttons": ASK | {"forced": True}})
    assert forced.fingerprint == fingerprint_of("buttons", "¿A las 10?")


def test_a_list_is_kept_as_written_too() -> None:
    message = come_in({"type": "list", "list": LIST})
    assert isinstance(message.content, Choices)
    assert message.fingerprint == fingerprint_of("text", "¿Qué busca? 1. Centro: 3 hab. 2. Playa")


def test_a_status_goes_to_the_address_of_statuses() -> None:
    assert come_in({"type": "status", "to": "status", "status": STATUS}).recipient == "status@broadcast"


def test_a_template_comes_in_where_the_provider_has_them() -> None:
    draft = {"type": "template", "template": {"name": "visit", "language": "es", "body": ["Ana"], "buttons": [None]}}
    wanted = Template(name="visit", language="es", body=("Ana",), buttons=(None,))
    assert come_in(draft, template=True).content == wanted
    with pytest.raises(InvalidError) as caught:
        come_in(draft)
    assert caught.value.code == "not_supported"


def many(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": str(number), "title": f"t{number}", **more} for number in range(count)]


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        ({"location": PLACE}, "invalid"),
        ({"type": "location"}, "invalid"),
        ({"type": "location", "location": PLACE, "text": "x"}, "invalid"),
        ({"type": "location", "location": {"latitude": 91, "longitude": 0}}, "schema"),
        ({"type": "location", "location": PLACE | {"nam": "x"}}, "schema"),
        ({"type": "location", "location": PLACE | {"name": "a\0b"}}, "invalid_text"),
        ({"type": "location", "location": PLACE | {"name": "x" * 1_001}}, "too_long"),
        ({"type": "contacts", "contacts": []}, "invalid_contacts"),
        ({"type": "contacts", "contacts": [{"name": " ", "phone": TO}]}, "empty_text"),
        ({"type": "contacts", "contacts": [{"name": "Ana", "phone": "12"}]}, "invalid_phone"),
        ({"type": "contacts", "contacts": [{"name": "Ana", "phone": TO}] * 2}, "invalid_contacts"),
        ({"type": "contacts", "contacts": [{"name": "Ana", "phone": TO}], "reply_to": str(OURS)}, "invalid"),
        ({"type": "poll", "poll": POLL | {"options": ["a"]}}, "invalid_poll"),
        ({"type": "poll", "poll": POLL | {"options": ["a", "a "]}}, "invalid_poll"),
        ({"type": "poll", "poll": POLL | {"options": [str(n) for n in range(11)]}}, "invalid_poll"),
        ({"type": "poll", "poll": POLL | {"options": ["a", "x" * 101]}}, "too_long"),
        ({"type": "poll", "poll": POLL | {"selectable": 3}}, "invalid_poll"),
        ({"type": "poll", "poll": POLL | {"selectable": -1}}, "schema"),
        ({"type": "reaction", "reaction": {"target": "X", "emoji": "ok"}}, "invalid_emoji"),
        ({"type": "reaction", "reaction": {"target": "X", "emoji": "👍👍"}}, "invalid_emoji"),
        ({"type": "reaction", "reaction": {"target": ""}}, "invalid_target"),
        ({"type": "reaction", "reaction": {"target": "a b"}}, "invalid_target"),
        ({"type": "reaction", "reaction": {"target": "a\0"}}, "invalid_text"),
        ({"type": "reaction", "reaction": {"target": "X"}, "mentions": [TO]}, "invalid"),
        ({"text": "x", "reply_to": ""}, "invalid_target"),
        ({"text": "x", "reply_to": "x" * 251}, "too_long"),
        ({"text": "x", "mentions": ["12"]}, "invalid_phone"),
        ({"type": "buttons", "buttons": ASK | {"buttons": []}}, "invalid_buttons"),
        ({"type": "buttons", "buttons": ASK | {"buttons": many(31)}}, "invalid_buttons"),
        ({"type": "buttons", "buttons": ASK | {"buttons": many(4), "forced": True}}, "invalid_buttons"),
        ({"type": "buttons", "buttons": ASK | {"buttons": [{"title": "a"}, {"title": "a"}]}}, "invalid_buttons"),
        (
            {"type": "buttons", "buttons": ASK | {"buttons": [*many(2)[:1], {"id": "0", "title": "b"}]}},
            "invalid_buttons",
        ),
        (
            {"type": "buttons", "buttons": ASK | {"buttons": [{"title": "a", "id": "a", "phone": TO}]}},
            "invalid_buttons",
        ),
        ({"type": "buttons", "buttons": ASK | {"buttons": [{"title": "a", "url": "x"}]}}, "invalid_media"),
        (
            {
                "type": "buttons",
                "buttons": ASK | {"forced": True, "buttons": [{"title": "a"}, {"title": "b", "phone": TO}]},
            },
            "invalid_buttons",
        ),
        ({"type": "buttons", "buttons": ASK | {"header": "a\nb"}}, "invalid_text"),
        ({"type": "buttons", "buttons": ASK | {"header": "x" * 61}}, "too_long"),
        ({"type": "list", "list": LIST | {"sections": []}}, "invalid_list"),
        ({"type": "list", "list": LIST | {"sections": [{"rows": []}]}}, "invalid_list"),
        ({"type": "list", "list": LIST | {"sections": [{"rows": many(2)}, {"rows": []}]}}, "invalid_list"),
        ({"type": "list", "list": LIST | {"sections": [{"rows": many(1)}, {"rows": many(1)}]}}, "invalid_list"),
        ({"type": "list", "list": LIST | {"sections": [{"rows": many(11)}], "forced": True}}, "invalid_list"),
        ({"type": "list", "list": LIST | {"sections": [{"rows": many(1) * 2}]}}, "invalid_list"),
        ({"type": "list", "list": LIST | {"button": " "}}, "empty_text"),
        ({"type": "status", "status": STATUS}, "invalid"),
        ({"type": "status", "to": "status", "status": STATUS | {"audience": []}}, "audience"),
        ({"type": "status", "to": "status", "status": STATUS | {"audience": ["600111777"]}}, "audience"),
        ({"type": "status", "to": "status", "status": STATUS | {"color": "red"}}, "invalid"),
        ({"type": "status", "to": "status", "status": STATUS | {"kind": "image"}}, "invalid_media"),
        ({"type": "status", "to": "status", "status": STATUS, "reply_to": "X"}, "invalid"),
        ({"type": "image", "media": {"stored": HASH, "url": "https://a.es/b"}}, "invalid_media"),
        ({"type": "video", "media": {"stored": HASH}}, "invalid_media"),
        ({"type": "image", "media": {"base64": base64.b64encode(b"%PDF-1.7").decode()}}, "invalid_media"),
        ({"type": "gif", "media": {"stored": HASH}}, "schema"),
    ],
)
def test_what_cannot_be_sent_does_not_come_in(draft: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidError) as caught:
        come_in(draft)
    assert caught.value.code == code
    assert caught.value.detail.endswith((".", ")"))


@pytest.mark.parametrize(
    ("reference", "kind", "code"),
    [
        (str(UUID(int=99)), NotFoundError, "unknown_target"),
        (str(WAITING), ConflictError, "target_not_sent"),
        (str(ELSEWHERE), InvalidError, "invalid_target"),
        (str(SOMEBODYS), InvalidError, "invalid_target"),
    ],
)
def test_a_message_that_cannot_be_spoken_of(reference: str, kind: type[AncloraError], code: str) -> None:
    for draft in ({"text": "x", "reply_to": reference}, {"type": "reaction", "reaction": {"target": reference}}):
        with pytest.raises(kind) as caught:
            come_in(draft)
        assert caught.value.code == code


def test_a_file_that_is_not_here_says_where_to_bring_it() -> None:
    with pytest.raises(NotFoundError, match="POST /api/v1/media") as caught:
        come_in({"type": "image", "media": {"stored": "b" * 64}})
    assert caught.value.code == "media_gone"


@pytest.mark.parametrize("text", ["👍", "❤️", "👍🏽", "👨‍👩‍👧‍👦", "🇪🇸", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "☺", "✅", ""])
def test_one_emoji_is_one_however_it_is_made(text: str) -> None:
    assert emoji("reaction.emoji", text) == text


@pytest.mark.parametrize("text", ["a", "1", "👍a", "👍👍", " 👍", "🇪🇸🇫🇷", "‍"])
def test_what_is_not_one_emoji(text: str) -> None:
    with pytest.raises(InvalidError):
        emoji("reaction.emoji", text)


def with_typing(limits: str, draft: dict[str, Any]) -> NewMessage:
    return come_in(draft, limits=msgspec.structs.replace(CAPABILITIES, typing=limits))


def test_it_is_shown_before_a_message_that_we_write() -> None:
    content = come_in({"text": "hola", "typing_ms": 3_000}).content
    assert content == Text(text="hola", typing_ms=3_000)
    assert fingerprint(content) == fingerprint(Text(text="hola"))
    asked = come_in({"type": "buttons", "buttons": ASK, "typing_ms": 1}).content
    assert isinstance(asked, Buttons)
    assert asked.typing_ms == 1


def test_below_a_message_of_theirs_only_where_the_provider_needs_one() -> None:
    content = with_typing("answer", {"text": "hola", "typing_ms": 9, "reply_to": "wamid.1"}).content
    assert content == Text(text="hola", typing_ms=9, quoted=Target(provider_id="wamid.1"))


@pytest.mark.parametrize(
    ("can", "draft", "says"),
    [
        ("anybody", {"text": "a", "typing_ms": 0}, "1 to 10000"),
        ("anybody", {"text": "a", "typing_ms": 10_001}, "1 to 10000"),
        ("anybody", {"type": "reaction", "reaction": {"target": str(OURS), "emoji": "👍"}, "typing_ms": 9}, "reaction"),
        ("anybody", {"type": "status", "to": "status", "status": STATUS, "typing_ms": 9}, "status"),
        ("none", {"text": "a", "typing_ms": 9}, "cannot show"),
        ("answer", {"text": "a", "typing_ms": 9}, "reply_to"),
        ("answer", {"text": "a", "typing_ms": 9, "reply_to": str(OURS)}, "message of theirs"),
    ],
)
def test_typing_that_nobody_would_see_is_refused(can: str, draft: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidError, match=says):
        with_typing(can, draft)
