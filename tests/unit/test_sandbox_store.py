"""Look-ups, addresses and schema texts of the sandbox."""

import asyncio
from typing import Any

import msgspec
import pytest

from anclora.providers.sandbox.agenda import Agenda
from anclora.providers.sandbox.bodies import jid_of
from anclora.providers.sandbox.line import origin_of, post_request
from anclora.providers.sandbox.media import is_base64, is_url, media_message
from anclora.providers.sandbox.schema import SEND_MEDIA, SEND_TEXT, violations
from anclora.providers.sandbox.store import Row, Store, Update


def row(number: int, *, jid: str = "34600111222@s.whatsapp.net", kind: str = "conversation", mine: bool = True) -> Row:
    return Row(
        id=f"row{number}",
        key={"id": f"key{number}", "remoteJid": jid, "fromMe": mine},
        message_type=kind,
        message=msgspec.Raw(b"{}"),
        timestamp=1_000 + number,
        source="web",
        updates=[Update(id=f"update{number}", status="SERVER_ACK")],
    )


def store_of(*rows: Row, bound: int = 100) -> Store:
    store = Store("instance", bound=bound)
    for one in rows:
        store.add(one)
    return store


def ids(answer: dict[str, Any]) -> list[str]:
    return [record["id"] for record in answer["messages"]["records"]]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, ["row3", "row2", "row1", "row0"]),
        ({"id": "row2"}, ["row2"]),
        ({"messageType": "imageMessage"}, ["row1"]),
        ({"key": {"id": "key3"}}, ["row3"]),
        ({"key": {"id": "key3", "remoteJid": "x"}}, []),
        ({"key": {"remoteJid": "other"}}, ["row3"]),
        ({"key": {"fromMe": True}}, ["row3", "row1", "row0"]),
        ({"key": {"fromMe": False}}, ["row3", "row2", "row1", "row0"]),
        ({"messageTimestamp": {"gte": "1970-01-01T00:16:41Z", "lte": "1970-01-01T00:16:42Z"}}, ["row2", "row1"]),
        ({"messageTimestamp": {"gte": "1970-01-01T00:16:43Z"}}, ["row3", "row2", "row1", "row0"]),
    ],
)
def test_find_messages_filters(where: dict[str, Any], expected: list[str]) -> None:
    store = store_of(row(0), row(1, kind="imageMessage"), row(2, mine=False), row(3, jid="other"))
    assert ids(store.find({"where": where})) == expected


def test_find_messages_pages_newest_first() -> None:
    answer = store_of(*(row(number) for number in range(5))).find({"page": 2, "offset": 2})
    assert ids(answer) == ["row2", "row1"]
    assert (answer["messages"]["total"], answer["messages"]["pages"], answer["messages"]["currentPage"]) == (5, 3, 2)


def test_find_statuses_by_message_and_of_all() -> None:
    store = store_of(row(0), row(1))
    assert [entry["messageId"] for entry in store.find_statuses({"where": {"id": "key1"}})] == ["row1"]
    assert [entry["messageId"] for entry in store.find_statuses({})] == ["row0", "row1"]
    assert store.find_statuses({"where": {"id": "nobody"}}) == []


def test_a_full_store_forgets_the_oldest() -> None:
    store = store_of(*(row(number) for number in range(25)), bound=20)
    assert len(store) <= 20
    assert store.get("key0") is None
    assert store.get("key24") is not None
    assert ids(store.find({"where": {"key": {"remoteJid": "34600111222@s.whatsapp.net"}}}))[0] == "row24"


@pytest.mark.parametrize(
    ("number", "jid"),
    [
        ("34600111222", "34600111222@s.whatsapp.net"),
        ("+34 600 (111) 222", "34600111222@s.whatsapp.net"),
        ("34600111222:7@s.whatsapp.net", "34600111222@s.whatsapp.net"),
        ("5215512345678", "525512345678@s.whatsapp.net"),
        ("5491112345678", "541112345678@s.whatsapp.net"),
        ("5531999990001", "553199990001@s.whatsapp.net"),
        ("5511999990001", "5511999990001@s.whatsapp.net"),
        ("120363025486012345", "120363025486012345@g.us"),
        ("99887766554433@lid", "99887766554433@lid"),
        ("", "@s.whatsapp.net"),
    ],
)
def test_numbers_become_addresses(number: str, jid: str) -> None:
    assert jid_of(number) == jid


@pytest.mark.parametrize(
    ("schema", "body", "expected"),
    [
        (SEND_TEXT, {}, ['instance requires property "number"', 'instance requires property "text"']),
        (SEND_TEXT, {"number": 1, "text": None}, ["Invalid format", "text is not of a type(s) string"]),
        (SEND_TEXT, {"number": "1", "text": "x", "delay": True}, ["Enter a value in milliseconds"]),
        (SEND_TEXT, {"number": "1", "text": "x", "delay": 1.5}, ["Enter a value in milliseconds"]),
        (SEND_TEXT, {"number": "1", "text": "x", "delay": 2.0, "foo": 1}, []),
        (
            SEND_TEXT,
            {"number": "1", "text": "x", "mentioned": ["x"]},
            ['"mentioned" must be an array of numeric strings'],
        ),
        (
            SEND_MEDIA,
            {"number": "1", "mediatype": "gif"},
            ["mediatype is not one of enum values: image,document,video,audio"],
        ),
    ],
)
def test_schema_texts(schema: dict[str, Any], body: dict[str, Any], expected: list[str]) -> None:
    assert violations(schema, body) == expected


def test_what_counts_as_media() -> None:
    assert [is_url(text) for text in ("http://1.2.3.4/a", "https://a.example/b")] == [True, True]
    assert [is_url(text) for text in ("http://minio:9000/a", "http://localhost/a", "a.png", "http://[")] == [False] * 4
    assert [is_base64(text) for text in ("aGk=", "aGk", "data:x;base64,aGk=", "")] == [True, False, False, False]


@pytest.mark.parametrize(
    ("kind", "mimetype"),
    [
        ("image", "image/jpeg"),
        ("video", "video/mp4"),
        ("audio", "audio/ogg; codecs=opus"),
        ("document", "application/pdf"),
    ],
)
def test_media_show_their_type(kind: str, mimetype: str) -> None:
    message = media_message(kind, {"media": "aGk=", "fileName": "a.pdf", "caption": "c"}, 1_000)
    assert (message["mimetype"], message["caption"]) == (mimetype, "c")
    assert ("fileName" in message) == (kind == "document")


def test_only_http_addresses_are_called_and_headers_cannot_smuggle() -> None:
    assert origin_of("ftp://a/b") is None
    assert origin_of("") is None
    assert origin_of("http://a:99999/") is None
    assert origin_of("https://a.example/x") == ("a.example", 443, True)
    with pytest.raises(ValueError, match="line break"):
        post_request("http://a/", {"x": "1\r\ny: 2"}, b"")


async def test_the_agenda_calls_in_time_order_and_survives_a_failing_entry() -> None:
    agenda, called, done = Agenda(), list[str](), asyncio.Event()

    def fail() -> None:
        raise RuntimeError

    agenda.after(0.02, done.set)
    agenda.after(0.01, called.append, "second")
    agenda.after(0.0, called.append, "first")
    agenda.after(0.005, fail)
    async with asyncio.timeout(5):
        await done.wait()
    assert called == ["first", "second"]
    agenda.close()


async def test_a_full_or_closed_agenda_drops_and_counts() -> None:
    agenda = Agenda(bound=1)
    for _ in range(3):
        agenda.after(60, print)
    assert (len(agenda), agenda.dropped) == (1, 2)
    agenda.close()
    agenda.after(0, print)
    assert (len(agenda), agenda.dropped) == (0, 3)
