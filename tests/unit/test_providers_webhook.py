"""Webhook bodies become typed events, whatever version wrote them; nothing a sender writes can break the reading."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anclora.kit.errors import InvalidError
from anclora.providers.contract import (
    Document,
    Image,
    InboundEvent,
    Media,
    OtherEvent,
    OwnMessageEvent,
    ReceiptEvent,
    Text,
    Video,
    fingerprint,
)
from anclora.providers.evolution.webhook import parse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
JID = "34600111222@s.whatsapp.net"


def event(name: str, data: Any) -> Any:
    events = parse(json.dumps({"event": name, "instance": "a", "data": data, "sender": JID}).encode(), NOW)
    assert len(events) == 1
    return events[0]


def message(content: Any, *, name: str = "send.message", **key: Any) -> Any:
    key = {"id": "3EB0", "remoteJid": JID, "fromMe": True} | key
    return event(name, {"key": key, "message": content, "messageTimestamp": 1_760_000_000})


@pytest.mark.parametrize(
    ("wire", "content"),
    [
        ({"conversation": "Hola,  \n mundo"}, Text(text="Hola, mundo")),
        ({"extendedTextMessage": {"text": "link"}}, Text(text="link")),
        ({"ephemeralMessage": {"message": {"conversation": "soon gone"}}}, Text(text="soon gone")),
        ({"imageMessage": {"caption": "c", "mediaKey": {"0": 1}}}, Image(media=Media(filename="a.png"), caption="c")),
        ({"imageMessage": {}}, Image(media=Media(url="http://x.example/a.png", filename="a.png"))),
        ({"videoMessage": {"caption": "v"}}, Video(media=Media(), caption="v")),
        ({"documentMessage": {"fileName": "a.pdf"}}, Document(media=Media(filename="a.pdf"))),
        (
            {"documentMessage": {"fileName": "a.pdf", "caption": "c"}},
            Document(media=Media(filename="a.pdf"), caption="c"),
        ),
        (
            {"documentWithCaptionMessage": {"message": {"documentMessage": {"fileName": "a.pdf", "caption": "c"}}}},
            Document(media=Media(filename="a.pdf"), caption="c"),
        ),
    ],
)
def test_what_we_sent_is_recognised_in_what_comes_back(wire: Any, content: Any) -> None:
    found = message(wire)
    assert isinstance(found, OwnMessageEvent)
    assert found.fingerprint == fingerprint(content)


@pytest.mark.parametrize(
    "wire", [{"audioMessage": {"seconds": 3}}, {"stickerMessage": {}}, {}, None, [], "x", {"conversation": 7}]
)
def test_a_message_without_words_has_no_fingerprint(wire: Any) -> None:
    assert message(wire).fingerprint is None


def test_text_and_caption_of_the_same_words_differ() -> None:
    assert message({"conversation": "x"}).fingerprint != message({"imageMessage": {"caption": "x"}}).fingerprint


def test_own_messages_say_whether_the_api_sent_them() -> None:
    assert message({"conversation": "x"}).by_api is True
    typed = message({"conversation": "x"}, name="messages.upsert")
    assert isinstance(typed, OwnMessageEvent)
    assert (typed.by_api, typed.recipient) == (False, "34600111222")
    assert typed.at == datetime.fromtimestamp(1_760_000_000, UTC)


@pytest.mark.parametrize(
    ("key", "sender"),
    [
        ({"remoteJid": JID}, "34600111222"),
        ({"remoteJid": "34600111222:7@s.whatsapp.net"}, "34600111222"),
        ({"remoteJid": "998877@lid", "remoteJidAlt": JID}, "34600111222"),
        ({"remoteJid": JID, "remoteJidAlt": "998877@lid"}, "34600111222"),
        ({"remoteJid": "998877@lid", "senderPn": JID}, "34600111222"),
        ({"remoteJid": "998877@lid"}, "998877@lid"),
        ({"remoteJid": "120363@g.us", "senderPn": JID}, "120363@g.us"),
        ({"remoteJid": "34600111222"}, "34600111222"),
    ],
)
def test_the_sender_is_a_phone_when_any_address_is_one(key: Any, sender: str) -> None:
    found = message({"conversation": "hola"}, name="messages.upsert", fromMe=False, **key)
    assert isinstance(found, InboundEvent)
    assert (found.sender, found.text) == (sender, "hola")


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        ({"imageMessage": {"caption": "look"}}, "look"),
        ({"buttonsResponseMessage": {"selectedDisplayText": "Yes"}}, "Yes"),
        ({"listResponseMessage": {"title": "Flat"}}, "Flat"),
        ({"reactionMessage": {"text": "👍"}}, None),
        ({"conversation": "a\0b"}, "a�b"),
    ],
)
def test_the_words_of_what_came_in(wire: Any, text: str | None) -> None:
    assert message(wire, name="messages.upsert", fromMe=False).text == text


@pytest.mark.parametrize("jid", ["status@broadcast", "1234@newsletter", "1234@broadcast"])
def test_what_is_said_to_everybody_is_no_message_to_us(jid: str) -> None:
    assert message({"conversation": "x"}, name="messages.upsert", fromMe=False, remoteJid=jid) == OtherEvent(
        kind="messages.upsert"
    )


@pytest.mark.parametrize(
    ("data", "rank"),
    [
        ({"keyId": "3EB0", "status": "SERVER_ACK"}, 1),
        ({"keyId": "3EB0", "status": "DELIVERY_ACK", "messageId": "db"}, 2),
        ({"keyId": "3EB0", "status": "READ"}, 3),
        ({"keyId": "3EB0", "status": "PLAYED"}, 4),
        ({"keyId": "3EB0", "status": "ERROR"}, 0),
        ({"keyId": "3EB0", "status": "SENT"}, 1),
        ({"keyId": "3EB0", "status": "FAILED"}, 0),
        ({"id": "3EB0", "status": "READ", "datetime": 1}, 3),
        ({"keyId": "3EB0", "status": 3}, 2),
        ({"keyId": "3EB0", "status": "READ", "message": {"conversation": "x"}}, 3),
        ([{"keyId": "3EB0", "status": "READ"}], 3),
    ],
)
def test_receipts_are_ranked(data: Any, rank: int) -> None:
    assert event("messages.update", data) == ReceiptEvent(provider_id="3EB0", rank=rank)


@pytest.mark.parametrize(
    "data",
    [
        {"keyId": "3EB0", "status": "SERVER_ACK", "message": {"editedMessage": {"conversation": "new"}}},
        {"keyId": "3EB0", "status": "SERVER_ACK", "message": {"editedMessage": 7}},
        {"keyId": "3EB0", "status": "PENDING"},
        {"keyId": "3EB0", "status": "DELETED"},
        {"keyId": "3EB0"},
        {"status": "READ"},
    ],
)
def test_edits_and_the_like_are_no_receipts(data: Any) -> None:
    assert event("messages.update", data) == OtherEvent(kind="messages.update")


@pytest.mark.parametrize("stamp", [1_760_000_000, "1760000000", 1_760_000_000_000, {"low": 1_760_000_000, "high": 0}])
def test_times_in_every_form(stamp: Any) -> None:
    found = event("send.message", {"key": {"id": "a", "remoteJid": JID, "fromMe": True}, "messageTimestamp": stamp})
    assert found.at == datetime.fromtimestamp(1_760_000_000, UTC)


@pytest.mark.parametrize("stamp", [None, 0, -5, "soon", "1e400"])
def test_a_message_without_a_time_is_of_now(stamp: Any) -> None:
    found = event("send.message", {"key": {"id": "a", "remoteJid": JID, "fromMe": True}, "messageTimestamp": stamp})
    assert found.at == NOW


@pytest.mark.parametrize(
    "name", ["send.message", "messages.upsert", "messages.update", "connection.update", "labels.edit"]
)
@pytest.mark.parametrize("data", [None, 7, "x", {}, {"key": 1}, {"key": {}}, {"state": 5}, {"status": {}}])
def test_an_event_in_an_unknown_shape_is_kept_as_other(name: str, data: Any) -> None:
    assert event(name, data) == OtherEvent(kind=name)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"event":7}', b'{"data":{}}', b'{"event":"\xff"}']
)
def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidError):
        parse(body, NOW)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["key", "id", "remoteJid", "message", "conversation", "messageTimestamp", "status", "low"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["send.message", "messages.upsert", "messages.update", "connection.update"]),
)
def test_no_data_raises(data: Any, name: str) -> None:
    parse(json.dumps({"event": name, "data": data}).encode(), NOW)


def test_half_an_emoji_does_not_lose_the_message() -> None:
    body = b'{"event":"messages.upsert","data":{"key":{"id":"a","remoteJid":"1@s.whatsapp.net"},"message":%b}}'
    (found,) = parse(body % b'{"conversation":"hi \\ud800"}', NOW)
    assert isinstance(found, InboundEvent)
    assert found.text == "hi ?"


@pytest.mark.parametrize("depth", [3, 20, 400, 100_000])
def test_nesting_without_end_is_no_event_or_has_no_words(depth: int) -> None:
    poison = b'{"event":"messages.upsert","data":{"key":{"id":"a","remoteJid":"1@s.whatsapp.net"},"message":%b}}'
    content = b'{"ephemeralMessage":{"message":' * depth + b'{"conversation":"x"}' + b"}}" * depth
    if depth > 1_000:
        with pytest.raises(InvalidError):
            parse(poison % content, NOW)
        return
    (found,) = parse(poison % content, NOW)
    assert isinstance(found, InboundEvent)
    assert found.text == ("x" if depth <= 3 else None)
