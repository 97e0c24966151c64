"""Everything a recorded webhook says arrives as a typed event; what stays without one is listed, with the reason."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from inbound_by_hand import NOTHING_TO_US, WITHOUT_USE, address, as_written, phone, said_in
from recordings import files

from anclora.providers.contract import InboundEvent, OtherEvent, OwnMessageEvent
from anclora.providers.evolution.webhook import parse

NOW = datetime(2030, 1, 1, tzinfo=UTC)
OTHERS: Counter[tuple[str, str]] = Counter()


@pytest.fixture(scope="session", autouse=True)
def report(add_report: Callable[[Callable[[], list[str]]], None]) -> None:
    def lines() -> list[str]:
        return [
            "",
            "webhooks without a typed event:",
            *(f"  {n:4} {k}: {why}" for (k, why), n in sorted(OTHERS.items())),
        ]

    add_report(lambda: lines() if OTHERS else [])


def webhooks() -> Iterator[tuple[str, Any]]:
    for file in files():
        exchange = json.loads(file.read_text(encoding="utf-8"))
        for hook in exchange.get("webhooks") or ():
            body = hook["body"]
            if isinstance(body, dict) and isinstance(body.get("event"), str):
                yield f"{file.parent.name}/{file.stem}", body


def read(body: Any) -> Any:
    return parse(json.dumps(body).encode(), NOW)


def test_what_has_no_typed_event_has_a_reason() -> None:
    for where, body in webhooks():
        for event in read(body):
            if isinstance(event, OtherEvent):
                why = NOTHING_TO_US.get(body["event"]) or WITHOUT_USE.get(body["event"])
                assert why, f"{where}: {body['event']} says something and nobody reads it"
                OTHERS[body["event"], why] += 1
    assert set(NOTHING_TO_US) >= {kind for kind, why in OTHERS if why in NOTHING_TO_US.values()}


def test_people_numbers_and_edits_say_what_is_written() -> None:
    wrong: list[str] = []
    for where, body in webhooks():
        if body["event"] in ("messages.upsert", "messages.update", "send.message", "connection.update"):
            continue
        listed = body["event"].startswith("contacts.") and isinstance(body["data"], list)
        items = body["data"] if listed else [body["data"]]
        events = read(body)
        assert len(events) == len(items), where
        wrong += [
            f"{where}: {event}"
            for item, event in zip(items, events, strict=True)
            if not as_written(body["event"], item or {}, event)
        ]
    assert wrong == []


def test_every_recorded_message_says_what_is_written() -> None:
    seen: Counter[str] = Counter()
    for where, body in webhooks():
        if body["event"] != "messages.upsert":
            continue
        data = body["data"]
        (event,) = read(body)
        if isinstance(event, OtherEvent):
            assert "broadcast" in data["key"]["remoteJid"]
            continue
        assert isinstance(event, InboundEvent | OwnMessageEvent)
        assert (event.said, where) == (said_in(data), where)
        answered = (data.get("contextInfo") or {}).get("stanzaId")
        assert answered is None or event.quoted == answered, where
        seen[type(event.said).__name__] += 1
        if isinstance(event, InboundEvent):
            _who(where, data, event)
    assert {"SaidText", "SaidMedia", "SaidLocation", "SaidContacts", "SaidChoice", "SaidVote", "SaidReaction"} <= set(
        seen
    )


def _who(where: str, data: Any, event: InboundEvent) -> None:
    key = data["key"]
    group = key["remoteJid"] if key["remoteJid"].endswith("@g.us") else None
    names = ("participant", "participantAlt") if group else ("remoteJid", "remoteJidAlt", "senderPn")
    jids = [key[name] for name in names if key.get(name)]
    assert event.group == group, where
    assert event.sender == (phone(jids) or jids[0]), where
    assert set(event.addresses) == {found for jid in jids if (found := address(jid))}, where
    assert event.name == (data.get("pushName") or None), where
