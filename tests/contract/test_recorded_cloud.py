"""The Cloud API as it was recorded below a real Evolution server: we build the same bodies and read the same answers.

What that server builds wrong is named, with the reason why ours differs.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from recordings import answered, files

from anclora.kit.http import Answer, MaybeSent
from anclora.providers.cloud import webhook
from anclora.providers.cloud.errors import outcome_of
from anclora.providers.cloud.payloads import Uploaded, message_body
from anclora.providers.contract import (
    Audio,
    Button,
    Buttons,
    Card,
    Choices,
    Contacts,
    Content,
    Document,
    Event,
    Image,
    InboundEvent,
    Location,
    Media,
    OtherEvent,
    Reaction,
    ReceiptEvent,
    Row,
    Section,
    Sent,
    Sticker,
    Target,
    Template,
    Text,
    Unknown,
    Video,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
MEDIA = {"image": Image, "document": Document, "video": Video}
# Bodies the recorded server builds and Meta does not take: a list without a text, and an answer button for a link.
WRONG_THERE = {"list-without-description", "buttons-url-type"}
UPLOADED = Media(base64="eA==")


def exchanges() -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in files()]


def calls(edge: str) -> list[Any]:
    """Every recorded Graph call of an edge, with the name of its exchange."""
    return [
        pytest.param(exchange, call, id=f"{exchange['group']}/{exchange['name']}")
        for exchange in exchanges()
        for call in exchange.get("upstream_graph_calls") or ()
        if call["method"] == "POST" and call["path"].endswith(f"/{edge}")
    ]


def content_of(body: Mapping[str, Any]) -> tuple[Content, Uploaded]:
    """Our content for a body of Graph: what a caller would have asked for."""
    quoted = Target(provider_id=body["context"]["message_id"]) if "context" in body else None
    kind, part = body["type"], body[body["type"]]
    if kind in MEDIA or kind in ("audio", "sticker"):
        media = UPLOADED if "id" in part else Media(url=part["link"], filename=part.get("filename"))
        uploaded = {media: part["id"]} if "id" in part else {}
        if kind in MEDIA:
            return MEDIA[kind](media=media, caption=part.get("caption"), quoted=quoted), uploaded
        return (Audio if kind == "audio" else Sticker)(media=media, quoted=quoted), uploaded
    return _worded(kind, part, quoted), {}


def _worded(kind: str, part: Any, quoted: Target | None) -> Content:
    match kind:
        case "text":
            return Text(text=part["body"], preview=part["preview_url"], quoted=quoted)
        case "location":
            return Location(**{name: part.get(name) for name in ("latitude", "longitude", "name", "address")})
        case "contacts":
            return Contacts(contacts=tuple(_card(each) for each in part))
        case "reaction":
            return Reaction(target=Target(provider_id=part["message_id"]), emoji=part["emoji"])
        case "template":
            values = [p["text"] for c in part.get("components", ()) for p in c["parameters"]]
            return Template(name=part["name"], language=part["language"]["code"], body=tuple(values))
        case _:
            return _interactive(part, quoted)


def _card(part: Mapping[str, Any]) -> Card:
    return Card(name=part["name"]["formatted_name"], phone="".join(filter(str.isdigit, part["phones"][0]["phone"])))


def _interactive(part: Mapping[str, Any], quoted: Target | None) -> Content:
    words: dict[str, Any] = {
        "text": part["body"].get("text", ""),
        "header": part["header"]["text"] if "header" in part else None,
        "footer": part["footer"]["text"] if "footer" in part else None,
        "quoted": quoted,
    }
    if part["type"] == "button":
        buttons = [Button(title=b["reply"]["title"], id=b["reply"].get("id")) for b in part["action"]["buttons"]]
        return Buttons(buttons=tuple(buttons), **words)
    sections = [
        Section(title=s["title"], rows=tuple(Row(**row) for row in s["rows"])) for s in part["action"]["sections"]
    ]
    return Choices(button=part["action"]["button"], sections=tuple(sections), **words)


@pytest.mark.parametrize(("exchange", "call"), calls("messages"))
def test_our_body_is_the_recorded_one(exchange: Mapping[str, Any], call: Mapping[str, Any]) -> None:
    recorded = call["body"]
    content, uploaded = content_of(recorded)
    ours = message_body(recorded["to"], content, reference="R", uploaded=uploaded)
    assert ours.pop("biz_opaque_callback_data") == "R"  # the recorded server knows nothing of ours
    if exchange["name"] in WRONG_THERE:
        assert ours != recorded
    else:
        assert ours == recorded


def test_bodies_of_nearly_every_kind_were_recorded() -> None:
    kinds = {parameter.values[1]["body"]["type"] for parameter in calls("messages")}
    assert {"text", "image", "document", "video", "audio", "reaction", "interactive", "template"} <= kinds
    names = {parameter.values[0]["name"] for parameter in calls("messages")}
    assert len(names) >= 30


# Meta's error codes as they were recorded, and what they must stop: written down here once more, by hand.
STOPS: Mapping[int, tuple[str, bool]] = {
    131026: ("recipient", True), 131047: ("message", True), 130429: ("lane", False), 131056: ("recipient", False),
    80007: ("account", False), 190: ("account", False), 131049: ("recipient", False), 132000: ("message", True),
    132001: ("template", True), 100: ("message", True), 368: ("account", False), 131031: ("account", False),
    2: ("lane", False), 131048: ("lane", False),
}  # fmt: skip
DOUBTFUL = {1, 131000}


@pytest.mark.parametrize(("exchange", "call"), calls("messages"))
def test_its_answer_means_what_it_says(exchange: Mapping[str, Any], call: Mapping[str, Any]) -> None:
    answer = call["answer"]
    if isinstance(answer, str):
        assert isinstance(outcome_of(MaybeSent("reset", answer)), Unknown)
        return
    outcome = outcome_of(Answer(answer["status"], answered(answer)), NOW)
    error = answer["body"].get("error") if isinstance(answer["body"], dict) else None
    if error is None:
        messages = answer["body"].get("messages") if isinstance(answer["body"], dict) else None
        assert outcome == Sent(provider_id=messages[0]["id"]) if messages else isinstance(outcome, Unknown)
        return
    assert not isinstance(outcome, Sent)
    assert outcome.text.startswith(f"{error['code']}: ")
    if error["code"] in DOUBTFUL:
        assert isinstance(outcome, Unknown)
    else:
        assert not isinstance(outcome, Unknown)
        assert (outcome.scope, outcome.permanent) == STOPS[error["code"]]


@pytest.mark.parametrize(("exchange", "call"), calls("media"))
def test_a_refused_upload_is_no_doubt_about_the_message(exchange: Mapping[str, Any], call: Mapping[str, Any]) -> None:
    answer = call["answer"]
    if answer["status"] != 200:
        assert not isinstance(outcome_of(Answer(answer["status"], answered(answer))), Sent | Unknown)


def posted() -> list[Any]:
    return [
        pytest.param(exchange["request"]["body"], id=f"{exchange['group']}/{exchange['name']}")
        for exchange in exchanges()
        if exchange["request"]["method"] == "POST" and exchange["request"]["path"] == "/webhook/meta"
        if "_raw" not in (exchange["request"]["body"] or {})
    ]


def items_of(body: Any) -> list[tuple[str, str | None]]:
    """Every message and status of a body, with the number it is about."""
    found: list[tuple[str, str | None]] = []
    for entry in body.get("entry") or ():
        for change in entry.get("changes") or ():
            value = change.get("value") or {}
            number = (value.get("metadata") or {}).get("phone_number_id", "")
            found += [(number, each.get("id")) for each in value.get("messages") or ()]
            found += [(number, each.get("id")) for each in value.get("statuses") or ()]
    return found


@pytest.mark.parametrize("body", posted())
def test_every_item_of_a_recorded_webhook_is_heard_once(body: Any) -> None:
    groups = webhook.split(json.dumps(body).encode(), NOW)
    heard: Sequence[tuple[str, Event]] = [(number, event) for number, events in groups for event in events]
    told = [(n, e.provider_id) for n, e in heard if isinstance(e, InboundEvent | ReceiptEvent)]
    silent = [event for _, event in heard if isinstance(event, OtherEvent)]
    wanted = items_of(body)
    assert [each for each in told if each not in wanted] == []
    assert len(told) + len([e for e in silent if e.kind in ("messages", "messages.echo", "statuses")]) == len(wanted)
    assert sorted(told) == sorted(set(told))
