"""However Meta packs its webhooks, every message and every status is heard once, beside whatever nobody knows."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anclora.kit.errors import InvalidError
from anclora.providers.cloud import webhook
from anclora.providers.contract import Event, InboundEvent, OtherEvent, ReceiptEvent

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
NUMBERS = ("109876543210001", "109876543210002", "109876543210003")

# Anything JSON can say, for the places where something else is expected.
junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def status(name: str, word: str = "delivered") -> dict[str, Any]:
    return {"id": name, "status": word, "timestamp": "1767225700", "biz_opaque_callback_data": f"ours-{name}"}


def message(name: str, kind: str = "text") -> dict[str, Any]:
    head = {"from": "34600111222", "id": name, "timestamp": "1767225600", "type": kind}
    return head | ({"text": {"body": f"words of {name}"}} if kind == "text" else {})


def change(number: str, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "field": "messages",
        "value": {
            "metadata": {"phone_number_id": number},
            "messages": [item for item in items if "from" in item],
            "statuses": [item for item in items if "status" in item],
        },
    }


def body(entries: Sequence[Any]) -> bytes:
    return json.dumps({"object": "whatsapp_business_account", "entry": list(entries)}).encode()


def heard(raw: bytes) -> list[tuple[str, str]]:
    groups: Sequence[tuple[str, Sequence[Event]]] = webhook.split(raw, NOW)
    assert len({number for number, _ in groups}) == len(groups)
    return [
        (number, event.provider_id)
        for number, events in groups
        for event in events
        if isinstance(event, InboundEvent | ReceiptEvent)
    ]


def grid() -> list[list[tuple[str, list[dict[str, Any]]]]]:
    """3 entries x 2 changes x 4 items."""
    return [
        [
            (NUMBERS[(e + c) % 3], [make(f"{e}-{c}-{i}") for i, make in enumerate((message, status, status, message))])
            for c in range(2)
        ]
        for e in range(3)
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("turned", [False, True], ids=["as it is", "turned"])
def test_three_entries_of_two_changes_of_four_items_in_every_order(order: tuple[int, ...], turned: bool) -> None:
    entries, wanted = grid(), list[tuple[str, str]]()
    packed: list[Any] = []
    for number in order:
        changes = entries[number][::-1] if turned else entries[number]
        for phone, items in changes:
            wanted += [(phone, each["id"]) for each in items]
        packed.append({"id": "waba", "changes": [change(*each) for each in changes]})
    found = heard(body(packed))
    assert len(wanted) == 24
    assert sorted(found) == sorted(wanted)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_every_item_once_in_any_order_and_beside_unknown_parts(data: st.DataObject) -> None:
    wanted: list[tuple[str, str]] = []
    entries: list[Any] = []
    for e in data.draw(st.permutations(range(3))):
        changes: list[Any] = []
        for c, (number, items) in enumerate(grid()[e]):
            mixed: list[Any] = [*data.draw(st.permutations(items)), *data.draw(st.lists(junk, max_size=2))]
            one = change(number, items)
            places = {"messages": [], "statuses": []}
            for item in data.draw(st.permutations(mixed)):
                known = isinstance(item, dict) and item.get("id") in {each["id"] for each in items}
                place = "messages" if known and "from" in item else "statuses"
                places[place].append(item)
            one["value"] |= places | data.draw(st.dictionaries(st.sampled_from(["errors", "contacts", "new"]), junk))
            wanted += [(number, each["id"]) for each in items]
            changes += [one, *data.draw(st.lists(junk, max_size=1))] if c else [one]
        extra = data.draw(st.dictionaries(st.sampled_from(["time", "id", "new"]), junk))
        entries += [{**extra, "changes": data.draw(st.permutations(changes))}, *data.draw(st.lists(junk, max_size=1))]
    assert sorted(heard(body(data.draw(st.permutations(entries))))) == sorted(wanted)


@settings(max_examples=60, deadline=None)
@given(junk)
def test_no_body_makes_it_fail_in_another_way(value: Any) -> None:
    try:
        found = webhook.split(json.dumps(value).encode(), NOW)
    except InvalidError:  # no object at all
        found = []
    assert all(isinstance(event, OtherEvent) for _, events in found for event in events)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["messages", "message_template_status_update", "account_update", "new"]), junk)
def test_no_value_makes_it_fail(field: str, value: Any) -> None:
    neighbour = change(NUMBERS[0], [status("S")])
    raw = body([{"changes": [{"field": field, "value": value}, neighbour]}])
    assert (NUMBERS[0], "S") in heard(raw)


@pytest.mark.parametrize("text", ['"half \\ud83d"', '"a\\u0000b"'])
def test_what_no_text_can_hold_costs_nobody_his_words(text: str) -> None:
    said = json.dumps(message("M")).replace('"words of M"', text)
    head = '{"field": "messages", "value": {"metadata": {"phone_number_id": "1"}, "messages": ['
    raw = f'{{"object": "whatsapp_business_account", "entry": [{{"changes": [{head}{said}]}}}}]}}]}}'.encode()
    ((_, events),) = webhook.split(raw, NOW)
    (event,) = events
    assert isinstance(event, InboundEvent)
    assert event.text is not None
    assert "\0" not in event.text
