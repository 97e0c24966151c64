"""The advertisement that brought somebody is heard beside their first message, and spoils none when it looks odd."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from anclora.providers.cloud.webhook import split
from anclora.providers.contract import InboundEvent, Referral
from anclora.providers.evolution.webhook import parse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WANTED = Referral(
    source_type="ad", source_id="120215", url="https://fb.me/x", headline="Pisos nuevos", click_id="AfGh7"
)
META = {
    "source_type": "ad",
    "source_id": "120215",
    "source_url": "https://fb.me/x",
    "headline": "Pisos nuevos",
    "body": "Llame hoy",
    "ctwa_clid": "AfGh7",
}
CARD = {
    "sourceType": "ad",
    "sourceId": "120215",
    "sourceUrl": "https://fb.me/x",
    "title": "Pisos nuevos",
    "ctwaClid": "AfGh7",
    "showAdAttribution": True,
}


def by_meta(referral: Any) -> Any:
    message = {
        "from": "34600111222",
        "id": "wamid.1",
        "timestamp": "1772366400",
        "type": "text",
        "text": {"body": "hola"},
    }
    value = {"metadata": {"phone_number_id": "109"}, "messages": [message | {"referral": referral}]}
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }
    [(_, [event])] = split(json.dumps(body).encode(), NOW)
    return event


def by_evolution(context: Any, **key: Any) -> Any:
    data = {
        "key": {"id": "3A01", "remoteJid": "34600111222@s.whatsapp.net", "fromMe": False} | key,
        "message": {"conversation": "hola"},
        "messageTimestamp": int(NOW.timestamp()),
        "contextInfo": context,
    }
    [event] = parse(json.dumps({"event": "messages.upsert", "instance": "a", "data": data}).encode(), NOW)
    return event


def test_both_providers_tell_of_it_in_the_same_words() -> None:
    for event in (by_meta(META), by_evolution({"externalAdReply": CARD})):
        assert isinstance(event, InboundEvent)
        assert (event.text, event.referral) == ("hola", WANTED)


@pytest.mark.parametrize("odd", [None, [], "ad", 7, {}, {"source_id": {}}, {"headline": 1}, {"body": "x"}])
def test_what_meta_tells_otherwise_spoils_no_message(odd: Any) -> None:
    event = by_meta(odd)
    assert (event.text, event.referral) == ("hola", None)


@pytest.mark.parametrize(
    "odd",
    [None, {}, {"externalAdReply": None}, {"externalAdReply": 1}, {"externalAdReply": {"title": "a forwarded link"}}],
)
def test_what_is_no_advertisement_spoils_no_message(odd: Any) -> None:
    event = by_evolution(odd)
    assert (event.text, event.referral) == ("hola", None)


def test_a_part_of_it_is_enough() -> None:
    assert by_meta({"source_id": 120215}).referral == Referral(source_id="120215")
    assert by_evolution({"externalAdReply": {"ctwaClid": "A"}}).referral == Referral(click_id="A")


def test_what_is_typed_on_our_own_phone_was_brought_by_nobody() -> None:
    assert not hasattr(by_evolution({"externalAdReply": CARD}, fromMe=True), "referral")
