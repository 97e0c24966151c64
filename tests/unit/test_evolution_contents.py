"""Every content as Evolution API wants it, what is really shown of it, and how a look-up shows it again."""

import json
from typing import Any

import msgspec
import pytest

from anclora.kit.errors import InvalidError, UnavailableError
from anclora.kit.wire import Answer
from anclora.providers.contract import (
    CONTENT_TYPES,
    Button,
    Buttons,
    Card,
    Choices,
    Contacts,
    Content,
    Image,
    Location,
    Media,
    Outcome,
    Poll,
    Reaction,
    Refused,
    Row,
    Section,
    Sent,
    Status,
    Target,
    Template,
    Text,
    Unknown,
    fingerprint,
    fingerprint_of,
)
from anclora.providers.evolution import acts, payloads
from anclora.providers.evolution.limits import CAPABILITIES
from anclora.providers.evolution.rendering import rendered
from anclora.providers.evolution.shapes import fingerprint_in

ANSWERS = (Button(title="Sí", id="yes"), Button(title="No", id="no"))
ASKED = Buttons(text="¿Le va bien a las 10?", buttons=ANSWERS, header="Visita", footer="Anclora")
CHOICES = Choices(
    text="¿Qué busca?",
    button="Ver",
    sections=(
        Section(title="Pisos", rows=(Row(id="p1", title="Centro", description="3 hab."), Row(id="p2", title="Playa"))),
        Section(title="Casas", rows=(Row(id="c1", title="Con jardín"),)),
    ),
)
ANA = Card(name="Ana Gil", phone="34600111333", email="ana@example.com", organization="Gil SL", url="https://gil.es")
SEEN = Target(provider_id="3EB0AA", from_me=True)


def body(content: Content, number: str = "34600111222") -> tuple[str, dict[str, Any]]:
    path, encoded = payloads.send_request("ventas", number, content)
    return path.split("/")[2], json.loads(encoded)


def shown(message: dict[str, Any]) -> str | None:
    return fingerprint_in(msgspec.Raw(json.dumps(message).encode()))


def test_plain_text_has_nothing_but_number_and_text() -> None:
    assert body(Text(text="hola")) == ("sendText", {"number": "34600111222", "text": "hola"})


def test_an_answer_names_its_message_and_whom_it_mentions() -> None:
    quoted = Target(provider_id="3EB0AA", text="¿Sigue libre?")
    content = Text(text="Sí", quoted=quoted, mentions=("34600111333", "34600111333"), preview=False)
    assert body(content, "120363025486012345@g.us") == (
        "sendText",
        {
            "number": "120363025486012345@g.us",
            "text": "Sí",
            "linkPreview": False,
            "quoted": {
                "key": {"id": "3EB0AA", "remoteJid": "120363025486012345@g.us", "fromMe": False},
                "message": {"conversation": "¿Sigue libre?"},
            },
            "mentioned": ["34600111333"],
        },
    )


def test_a_place_always_has_a_name_and_an_address_because_the_schema_wants_them() -> None:
    wanted = {"latitude": 40.4, "longitude": -3.7, "name": "", "address": ""}
    assert body(Location(latitude=40.4, longitude=-3.7)) == ("sendLocation", {"number": "34600111222"} | wanted)


def test_a_card_carries_everything_that_is_known() -> None:
    operation, sent = body(Contacts(contacts=(ANA,)))
    assert (operation, sent["contact"]) == (
        "sendContact",
        [
            {
                "fullName": "Ana Gil",
                "phoneNumber": "+34600111333",
                "organization": "Gil SL",
                "email": "ana@example.com",
                "url": "https://gil.es",
            }
        ],
    )


def test_a_reaction_goes_to_the_chat_of_its_message() -> None:
    key = {"id": "3EB0AA", "remoteJid": "34600111222@s.whatsapp.net", "fromMe": True}
    assert body(Reaction(target=SEEN, emoji="👍")) == ("sendReaction", {"key": key, "reaction": "👍"})
    assert body(Reaction(target=SEEN))[1]["reaction"] == ""


def test_a_status_is_for_those_named_and_nobody_else() -> None:
    operation, sent = body(Status(text="Abierto", audience=("34600111333",)), "status@broadcast")
    assert operation == "sendStatus"
    assert sent == {
        "type": "text",
        "content": "Abierto",
        "backgroundColor": "#075E54",
        "font": 1,
        "allContacts": False,
        "statusJidList": ["34600111333@s.whatsapp.net"],
    }
    picture = Status(kind="image", media=Media(base64="aGk="), text="el salón", audience=("34600111333",))
    assert body(picture)[1] | {"statusJidList": []} == {
        "type": "image",
        "content": "aGk=",
        "caption": "el salón",
        "allContacts": False,
        "statusJidList": [],
    }


def test_a_template_is_not_for_a_paired_phone() -> None:
    assert CONTENT_TYPES - CAPABILITIES.contents == {"template"}
    with pytest.raises(InvalidError, match="template"):
        body(Template(name="x", language="es"))


def test_buttons_go_out_as_numbered_text() -> None:
    operation, sent = body(ASKED)
    assert operation == "sendText"
    assert sent["text"] == "*Visita*\n\n¿Le va bien a las 10?\n\n1. Sí\n2. No\n\nAnclora"


def test_buttons_that_open_or_call_say_where_in_words() -> None:
    links = (Button(title="El piso", url="https://example.com/p"), Button(title="Llamar", phone="34911222333"))
    text = rendered(Buttons(text="Aquí lo tiene", buttons=links))
    assert isinstance(text, Text)
    assert text.text == "Aquí lo tiene\n\nEl piso: https://example.com/p\nLlamar: +34911222333"


def test_a_list_goes_out_as_numbered_text_with_its_sections() -> None:
    text = rendered(CHOICES)
    assert isinstance(text, Text)
    assert text.text == "¿Qué busca?\n\n*Pisos*\n1. Centro: 3 hab.\n2. Playa\n\n*Casas*\n3. Con jardín"


def test_what_is_shown_as_it_is_comes_back_itself() -> None:
    for content in (Text(text="hola"), Location(latitude=1, longitude=2), Poll(question="?", options=("a", "b"))):
        assert rendered(content) is content
    forced = msgspec.structs.replace(CHOICES, forced=True)
    assert rendered(forced) is forced


def test_a_degraded_answer_still_answers_and_mentions() -> None:
    content = rendered(msgspec.structs.replace(ASKED, quoted=SEEN, mentions=("34600111333",)))
    assert isinstance(content, Text)
    assert (content.quoted, content.mentions) == (SEEN, ("34600111333",))


def interactive(sent: dict[str, Any]) -> dict[str, Any]:
    """What the server makes of sendButtons (recording baileys_send/033)."""
    text = f"*{sent['title']}*" + (f"\n\n{sent['description']}\n" if sent.get("description") else "")
    return {"viewOnceMessage": {"message": {"interactiveMessage": {"body": {"text": text}, "footer": {}}}}}


@pytest.mark.parametrize(
    "content",
    [
        msgspec.structs.replace(ASKED, forced=True),
        Buttons(text="Una línea*", buttons=ANSWERS, forced=True),
        Buttons(text="Primera*\n\nsegunda\ny tercera", buttons=ANSWERS, forced=True),
        Buttons(text="Primera\n", buttons=ANSWERS, forced=True),
    ],
)
def test_forced_buttons_are_found_again(content: Buttons) -> None:
    operation, sent = body(content)
    assert operation == "sendButtons"
    assert shown(interactive(sent)) == fingerprint(rendered(content))


@pytest.mark.parametrize("header", ["Hola", None])
def test_a_forced_list_is_found_again(header: str | None) -> None:
    content = msgspec.structs.replace(CHOICES, forced=True, header=header)
    operation, sent = body(content)
    assert operation == "sendList"
    message = {name: sent[name] for name in ("title", "description") if name in sent}
    assert shown({"listMessage": message}) == fingerprint(rendered(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            Location(latitude=40.416775, longitude=-3.70379),
            {"locationMessage": {"degreesLatitude": 40.416775, "degreesLongitude": -3.70379}},
        ),
        (Contacts(contacts=(ANA,)), {"contactMessage": {"displayName": "Ana Gil", "vcard": "…"}}),
        (
            Contacts(contacts=(ANA, Card(name="Bea", phone="34600111444"))),
            {"contactsArrayMessage": {"contacts": [{"displayName": "Ana Gil"}, {"displayName": "Bea"}]}},
        ),
        (Poll(question="¿Cuándo?", options=("a", "b")), {"pollCreationMessageV3": {"name": "¿Cuándo?"}}),
        (
            Reaction(target=SEEN, emoji="👍"),
            {"reactionMessage": {"key": {"id": "3EB0AA", "fromMe": True}, "text": "👍"}},
        ),
        (Reaction(target=SEEN), {"reactionMessage": {"key": {"id": "3EB0AA"}}}),
        (Status(text="Abierto", audience=("1",)), {"extendedTextMessage": {"text": "Abierto"}}),
        (Status(kind="image", text="el salón", audience=("1",)), {"imageMessage": {"caption": "el salón"}}),
        (Image(media=Media(url="https://a.es/b.png")), {"imageMessage": {}}),
    ],
)
def test_a_look_up_shows_the_same_words(content: Content, message: dict[str, Any]) -> None:
    assert shown(message) == fingerprint(rendered(content))


def test_another_place_poll_or_emoji_is_another_message() -> None:
    assert fingerprint_of("location", "40.41678,-3.70379") != fingerprint(Location(latitude=40.41688, longitude=-3.7))
    assert shown({"reactionMessage": {"key": {"id": "X"}, "text": "👍"}}) != fingerprint(
        Reaction(target=SEEN, emoji="👍")
    )


def problem(status: int, message: Any) -> Answer:
    return Answer(status, json.dumps({"status": status, "response": {"message": message}}).encode())


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (Answer(201, b'{"key":{"id":"OTHER"}}'), Sent(provider_id="3EB0AA")),
        (problem(400, ["Message not compatible"]), "not_changeable"),
        (problem(400, ["Method not available on Evolution Channel"]), "not_changeable"),
        (problem(400, [['instance requires property "text"']]), "invalid_request"),
        (problem(400, ["Error: Connection Closed"]), None),
        (
            problem(500, ["Error while deleting message for everyone", "Error: Connection Closed"]),
            "connection_closed",
        ),
        (problem(404, ['The "x" instance does not exist']), "provider_refuses"),
        (problem(502, "bad gateway"), None),
    ],
)
def test_how_an_edit_ended(answer: Answer, wanted: Outcome | str | None) -> None:
    outcome = acts.outcome_of(answer, SEEN)
    if wanted is None:
        assert isinstance(outcome, Unknown)
    elif isinstance(wanted, str):
        assert isinstance(outcome, Refused)
        assert outcome.code == wanted
    else:
        assert outcome == wanted


def test_numbers_are_matched_by_name_and_not_by_place() -> None:
    rows = [
        {"jid": "5511900001111@s.whatsapp.net", "exists": False, "number": "5511900001111"},
        {"jid": "551177770001@s.whatsapp.net", "exists": True, "number": "5511977770001"},
    ]
    found = acts.numbers_in(rows, ["5511977770001", "5511900001111"])
    assert found == {"5511977770001": "551177770001", "5511900001111": None}


def test_a_number_left_out_is_no_answer() -> None:
    with pytest.raises(UnavailableError, match="unanswered"):
        acts.numbers_in([{"jid": "1@s.whatsapp.net", "exists": True, "number": "1"}], ["34600111222"])


@pytest.mark.parametrize("body", [b"{}", b'{"data":null,"isBoom":true,"output":{}}'])
def test_a_closed_number_cannot_be_asked(body: bytes) -> None:
    error = acts.numbers_failure(Answer(400, body), "http://evolution", "ventas")
    assert isinstance(error, UnavailableError)
    assert error.code == "not_connected"
