"""What people say arrives whole, whatever kind of message it is and whichever version tells it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from anclora.providers.contract import (
    Card,
    ConnectionEvent,
    ContactEvent,
    InboundEvent,
    OtherEvent,
    OwnMessageEvent,
    PairingEvent,
    ReceiptEvent,
    SaidChoice,
    SaidContacts,
    SaidDelete,
    SaidEdit,
    SaidLocation,
    SaidMedia,
    SaidOther,
    SaidReaction,
    SaidText,
    SaidVote,
)
from anclora.providers.evolution.payloads import EVENTS
from anclora.providers.evolution.vcard import card_in
from anclora.providers.evolution.webhook import parse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
JID = "34600111222@s.whatsapp.net"
GROUP = "120363025486012345@g.us"
CONTEXT = {"stanzaId": "3EB0AA"}
VCARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Bia\nORG:Casa;\nitem1.TEL;waid=34600999888:+34 600 99 98 88\nEMAIL:b@c.example\n"


def event(name: str, data: Any) -> Any:
    (found,) = parse(json.dumps({"event": name, "instance": "a", "data": data}).encode(), NOW)
    return found


def heard(message: Any, *, beside: Any = None, **key: Any) -> Any:
    key = {"id": "3A01", "remoteJid": JID, "fromMe": False} | key
    stamp = int(NOW.timestamp())
    return event("messages.upsert", {"key": key, "message": message, "messageTimestamp": stamp} | (beside or {}))


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        ({"conversation": "hola"}, SaidText(text="hola")),
        ({"extendedTextMessage": {"text": "link"}}, SaidText(text="link")),
        (
            {"imageMessage": {"mimetype": "image/jpeg", "caption": "c", "fileLength": "12", "mediaKey": {"0": 1}}},
            SaidMedia(kind="image", mimetype="image/jpeg", caption="c", bytes=12, ref="3A01"),
        ),
        (
            {"videoMessage": {"seconds": 5, "fileLength": {"low": 705032704, "high": 1, "unsigned": True}}},
            SaidMedia(kind="video", seconds=5, bytes=5_000_000_000, ref="3A01"),
        ),
        ({"ptvMessage": {"seconds": 3}}, SaidMedia(kind="video", seconds=3, ref="3A01")),
        ({"audioMessage": {"ptt": True, "seconds": "9"}}, SaidMedia(kind="audio", seconds=9, ref="3A01")),
        ({"documentMessage": {"title": "a.pdf"}}, SaidMedia(kind="document", file_name="a.pdf", ref="3A01")),
        (
            {"imageMessage": {"id": "3346", "mime_type": "image/png"}},
            SaidMedia(kind="image", mimetype="image/png", ref="3346"),
        ),
        ({"viewOnceMessageV2": {"message": {"imageMessage": {}}}}, SaidMedia(kind="image", ref="3A01")),
        ({"stickerMessage": {"isAnimated": False}}, SaidMedia(kind="sticker", ref="3A01")),
        (
            {"locationMessage": {"degreesLatitude": 40.4, "degreesLongitude": -3.7, "name": "Sol"}},
            SaidLocation(latitude=40.4, longitude=-3.7, name="Sol"),
        ),
        (
            {"liveLocationMessage": {"degreesLatitude": 1, "degreesLongitude": 2}},
            SaidLocation(latitude=1, longitude=2, live=True),
        ),
        (
            {"contactsArrayMessage": {"contacts": [{"displayName": "Bia", "vcard": VCARD}, {"vcard": "nonsense"}]}},
            SaidContacts(
                contacts=(
                    Card(name="Bia", phone="34600999888", organization="Casa", email="b@c.example"),
                    Card(name="", phone=""),
                )
            ),
        ),
        ({"reactionMessage": {"key": {"id": "3EB0"}, "text": ""}}, SaidReaction(target="3EB0", emoji="")),
        (
            {"pollUpdateMessage": {"pollCreationMessageKey": {"id": "P"}, "vote": {"selectedOptions": ["a", "b"]}}},
            SaidVote(target="P", options=("a", "b")),
        ),
        (
            {"pollUpdateMessage": {"pollCreationMessageKey": {"id": "P"}, "vote": {"encPayload": {"0": 1}}}},
            SaidVote(target="P", options=None),
        ),
        (
            {"buttonsResponseMessage": {"selectedButtonId": "y", "selectedDisplayText": "Yes", "contextInfo": CONTEXT}},
            SaidChoice(id="y", title="Yes", target="3EB0AA"),
        ),
        ({"templateButtonReplyMessage": {"selectedId": "1"}}, SaidChoice(id="1")),
        (
            {"listResponseMessage": {"title": "R", "singleSelectReply": {"selectedRowId": "r1"}}},
            SaidChoice(id="r1", title="R"),
        ),
        (
            {"interactiveResponseMessage": {"nativeFlowResponseMessage": {"name": "form", "paramsJson": "no JSON"}}},
            SaidChoice(id="form"),
        ),
        ({"pollCreationMessageV3": {"name": "Q?"}}, SaidOther(kind="pollCreationMessageV3")),
        ({"messageContextInfo": {}, "productMessage": {}}, SaidOther(kind="productMessage")),
        ({"imageMessage": {"seconds": {}}}, SaidOther(kind="imageMessage")),
        ({"locationMessage": {"degreesLatitude": "north"}}, SaidOther(kind="locationMessage")),
        (
            {"protocolMessage": {"key": {"id": "3A00"}, "type": 14, "editedMessage": {"conversation": "new"}}},
            SaidEdit(target="3A00", text="new"),
        ),
        ({"protocolMessage": {"key": {"id": "3A00"}, "type": 0}}, SaidDelete(target="3A00")),
        ({"protocolMessage": {"key": {"id": "3A00"}, "type": "EPHEMERAL_SETTING"}}, SaidOther(kind="protocolMessage")),
    ],
)
def test_everything_somebody_can_say(wire: Any, said: Any) -> None:
    assert heard(wire).said == said


def test_the_votes_beside_a_message_count_where_its_own_are_hidden() -> None:
    hidden = {"pollUpdateMessage": {"pollCreationMessageKey": {"id": "P"}, "vote": {}}}
    votes = [{"name": "a", "voters": [JID]}, {"name": "b", "voters": []}]
    assert heard(hidden, beside={"pollUpdates": votes}).said == SaidVote(target="P", options=("a",))
    assert heard(hidden, beside={"pollUpdates": "later"}).said == SaidVote(target="P", options=None)


@pytest.mark.parametrize("context", [CONTEXT, None, 7, {"stanzaId": 7}])
def test_an_odd_context_costs_the_reference_and_not_the_message(context: Any) -> None:
    found = heard({"conversation": "x"}, beside={"contextInfo": context})
    assert (found.text, found.quoted) == ("x", "3EB0AA" if context == CONTEXT else None)


def test_the_cloud_channel_keeps_the_title_of_an_answer_alone() -> None:
    found = heard({"conversation": "Yes"}, beside={"messageType": "interactiveMessage", "contextInfo": CONTEXT})
    assert found.said == SaidChoice(id="", title="Yes", target="3EB0AA")


def test_a_nul_in_any_words_becomes_a_mark_and_a_typed_escape_stays() -> None:
    found = heard({"documentMessage": {"fileName": "a\0b", "caption": "typed \\u0000"}}, beside={"pushName": "A\0"})
    assert (found.said.file_name, found.said.caption, found.name) == ("a�b", "typed \\u0000", "A�")


@pytest.mark.parametrize(
    ("key", "sender", "addresses", "group"),
    [
        ({"remoteJid": JID, "remoteJidAlt": "99@lid"}, "34600111222", ("phone:34600111222", "lid:99"), None),
        ({"remoteJid": "99:3@lid", "senderPn": JID}, "34600111222", ("phone:34600111222", "lid:99"), None),
        ({"remoteJid": "99@lid"}, "99@lid", ("lid:99",), None),
        ({"remoteJid": JID, "previousRemoteJid": "99@lid"}, "34600111222", ("phone:34600111222", "lid:99"), None),
        ({"remoteJid": GROUP, "participant": JID}, "34600111222", ("phone:34600111222",), GROUP),
        (
            {"remoteJid": GROUP, "participant": "99@lid", "participantAlt": JID},
            "34600111222",
            ("phone:34600111222", "lid:99"),
            GROUP,
        ),
        ({"remoteJid": GROUP, "participant": "99@lid"}, "99@lid", ("lid:99",), GROUP),
        ({"remoteJid": GROUP}, GROUP, (), GROUP),
    ],
)
def test_every_address_of_whoever_wrote(key: Any, sender: str, addresses: Any, group: Any) -> None:
    found = heard({"conversation": "x"}, **key)
    assert (found.sender, found.addresses, found.group) == (sender, addresses, group)


@pytest.mark.parametrize(("name", "told"), [("Ana", "Ana"), ("", None), (None, None)])
def test_an_empty_name_is_no_name(name: Any, told: Any) -> None:
    assert heard({"conversation": "x"}, beside={"pushName": name}).name == told
    assert event("contacts.update", {"remoteJid": JID, "pushName": name}) == ContactEvent(
        addresses=("phone:34600111222",), name=told
    )


def test_what_waited_for_the_number_to_come_back_says_so() -> None:
    old = {"messageTimestamp": int((NOW - timedelta(hours=1)).timestamp())}
    assert heard({"conversation": "x"}, beside=old).offline is True
    assert heard({"conversation": "x"}).offline is False


def test_a_message_typed_on_the_phone_says_what_it_says() -> None:
    found = heard({"conversation": "from my phone"}, fromMe=True)
    assert isinstance(found, OwnMessageEvent)
    assert (found.by_api, found.said, found.text) == (False, SaidText(text="from my phone"), "from my phone")


UPDATED = {"keyId": "3A01", "remoteJid": JID, "fromMe": False, "status": "SERVER_ACK"}
NEW = {"message": {"editedMessage": {"message": {"conversation": "new"}}}}


def test_an_edit_is_one_event_whichever_webhook_tells_it() -> None:
    key = {"id": "3A01", "remoteJid": JID, "fromMe": False}
    by_update = event("messages.update", UPDATED | NEW)
    by_edit = event("messages.edited", {"key": key, "type": 14, "editedMessage": {"conversation": "new"}})
    assert by_update == by_edit
    assert isinstance(by_edit, InboundEvent)
    assert (by_edit.said, by_edit.text, by_edit.sender) == (SaidEdit(target="3A01", text="new"), "new", "34600111222")
    other = event("messages.edited", {"key": key, "type": 14, "editedMessage": {"conversation": "newer"}})
    assert len({by_edit.provider_id, other.provider_id, "3A01"}) == 3


def test_an_edit_in_a_list_leaves_the_receipts_beside_it() -> None:
    body = {"event": "messages.update", "data": [UPDATED | {"keyId": "A", "status": "READ"}, UPDATED | NEW]}
    receipt, edit = parse(json.dumps(body).encode(), NOW)
    assert receipt == ReceiptEvent(provider_id="A", rank=3)
    assert isinstance(edit, InboundEvent)


def test_a_deletion_by_a_person_is_heard_and_one_by_our_own_request_is_ours() -> None:
    by_person = event("messages.delete", {"remoteJid": JID, "fromMe": False, "id": "3A01", "status": "DELETED"})
    assert isinstance(by_person, InboundEvent)
    assert (by_person.said, by_person.provider_id) == (SaidDelete(target="3A01"), "3A01/delete")
    key = {"remoteJid": JID, "fromMe": True, "id": "3EB0"}
    ours = event("messages.delete", {"id": "cm1", "key": key, "status": "DELETED"})
    on_the_phone = event("messages.delete", key)
    assert [each.by_api for each in (ours, on_the_phone)] == [True, False]


@pytest.mark.parametrize("data", [{}, {"key": {}}, {"id": ""}, {"key": {"id": "A"}}, None, 7])
@pytest.mark.parametrize("name", ["messages.edited", "messages.delete", "send.message.update"])
def test_a_change_of_nothing_is_no_change(name: str, data: Any) -> None:
    assert event(name, data) == OtherEvent(kind=name)


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        (
            "qrcode.updated",
            {"qrcode": {"code": "2@x", "pairingCode": None, "count": 2}},
            PairingEvent(qr="2@x", count=2),
        ),
        ("qrcode.updated", {"message": "limit", "statusCode": 500}, OtherEvent(kind="qrcode.updated")),
        ("logout.instance", None, ConnectionEvent(state="logged_out", reason=None)),
        ("remove.instance", None, ConnectionEvent(state="removed", reason=None)),
        (
            "status.instance",
            {"status": "closed", "disconnectionReasonCode": 403},
            ConnectionEvent(state="close", reason=403),
        ),
        ("contacts.upsert", {"pushName": "Ana"}, OtherEvent(kind="contacts.update")),
        ("contacts.upsert", {"remoteJid": GROUP, "pushName": "Ana"}, OtherEvent(kind="contacts.update")),
        (
            "contacts.upsert",
            [{"id": JID, "pushName": "Ana"}],
            ContactEvent(addresses=("phone:34600111222",), name="Ana"),
        ),
    ],
)
def test_what_is_said_of_numbers_and_people(name: str, data: Any, found: Any) -> None:
    assert event(name, data) == found


def test_no_event_is_asked_for_that_holds_back_later_ones() -> None:
    assert not set(EVENTS) & {"MESSAGES_EDITED", "LOGOUT_INSTANCE", "REMOVE_INSTANCE"}


def test_a_card_without_anything() -> None:
    assert card_in(None, None) == Card(name="", phone="")
