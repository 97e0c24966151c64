"""What the Cloud API says, as values: every code has a sentence, and every kind of message its class."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from anclora.kit.errors import ForbiddenError, InvalidError, UnauthorizedError, UnavailableError
from anclora.kit.http import Answer, MaybeSent, NotSent
from anclora.messages.retries import _CODE
from anclora.providers.cloud import webhook
from anclora.providers.cloud.error_table import MEANINGS
from anclora.providers.cloud.errors import classify, failure_of, meaning_of, outcome_of
from anclora.providers.cloud.numbers import Number, Throughput, instance_of, limits_of, people_of
from anclora.providers.cloud.payloads import message_body
from anclora.providers.contract import (
    AccountEvent,
    Button,
    Buttons,
    Card,
    ContactEvent,
    Contacts,
    Content,
    InboundEvent,
    Location,
    Media,
    OtherEvent,
    OwnMessageEvent,
    Poll,
    ReceiptEvent,
    Refused,
    SaidChoice,
    SaidContacts,
    SaidLocation,
    SaidMedia,
    SaidOther,
    SaidReaction,
    SaidText,
    Scope,
    Sent,
    Sticker,
    Template,
    TemplateEvent,
    Unknown,
)

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


def refused(code: int, status: int = 400, **error: Any) -> Answer:
    return Answer(status, json.dumps({"error": {"code": code, "message": "Said by Meta", **error}}).encode())


# Every code the task of this table names.
NAMED = (
    131026, 131047, 131048, 131049, 131056, 130429, 80007, 132000, 132001, 132005, 132007, 132012, 132015, 132016, 190,
    368, 131000, 131016, 131031, 131051, 133010, 1, 2, 4, 10, 100, 200, 250, 299,
)  # fmt: skip


@pytest.mark.parametrize("code", [*NAMED, *MEANINGS])
def test_every_code_has_a_name_and_a_sentence(code: int) -> None:
    meaning = meaning_of(code)
    assert meaning is not None
    assert _CODE.fullmatch(meaning.name)
    assert meaning.advice.endswith((".", "?"))
    outcome = classify(refused(code))
    assert not isinstance(outcome, Sent)
    assert outcome.text == f"{code}: {meaning.advice} (Said by Meta)"
    assert len(outcome.text) <= 250


@pytest.mark.parametrize(
    ("code", "scope", "classes"),
    [
        (131056, Scope.RECIPIENT, frozenset()),
        (130429, Scope.LANE, frozenset()),
        (131048, Scope.LANE, frozenset({"marketing"})),
        (131049, Scope.RECIPIENT, frozenset({"marketing"})),
        (80007, Scope.ACCOUNT, frozenset()),
    ],
)
def test_a_refusal_stops_what_it_is_about(code: int, scope: Scope, classes: frozenset[str]) -> None:
    outcome = classify(refused(code))
    assert isinstance(outcome, Refused)
    assert (outcome.scope, outcome.classes, outcome.permanent) == (scope, classes, False)


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"messages": []}', b'{"messages": [{}]}', b"<html>", b'{"messages": 1}']
)
def test_an_ok_without_an_id_proves_nothing(status: int, body: bytes) -> None:
    assert isinstance(classify(Answer(status, body)), Unknown)


def test_an_ok_with_an_error_proves_nothing() -> None:
    outcome = classify(refused(131026, 201))
    assert isinstance(outcome, Unknown)
    assert outcome.text.startswith("131026: ")


def test_a_code_nobody_named_refuses_the_message_only_where_graph_says_it_did_not_take_it() -> None:
    fourhundred, fivehundred = classify(refused(999_999)), classify(refused(999_999, 500))
    assert isinstance(fourhundred, Refused)
    assert (fourhundred.scope, fourhundred.permanent) == (Scope.MESSAGE, False)
    assert isinstance(fivehundred, Unknown)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 301, 404])
def test_a_page_of_somebody_else_proves_nothing(status: int) -> None:
    assert isinstance(classify(Answer(status, b"<html>")), Unknown)


def test_too_many_requests_stop_the_lane_for_as_long_as_asked() -> None:
    outcome = classify(Answer(429, b"", [(b"retry-after", b"17")]))
    assert isinstance(outcome, Refused)
    assert (outcome.scope, outcome.retry_after_seconds) == (Scope.LANE, 17.0)


def test_what_never_left_is_refused_and_what_may_have_is_unknown() -> None:
    never = outcome_of(NotSent("dns", "no such host"))
    assert isinstance(never, Refused)
    assert never.before_send
    assert isinstance(outcome_of(MaybeSent("timeout", "no answer")), Unknown)


def test_words_of_meta_carry_no_numbers_of_people() -> None:
    outcome = classify(refused(100, message="Recipient +34 600 111 222 (ana@example.com) is wrong"))
    assert not isinstance(outcome, Sent)
    assert "600" not in outcome.text
    assert "ana" not in outcome.text


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (refused(190, 401), UnauthorizedError, "ANCLORA_CLOUD_TOKEN"),
        (refused(10, 403), ForbiddenError, "whatsapp_business_management"),
        (refused(100), InvalidError, "100: "),
        (refused(4, 400), UnavailableError, "4: "),
        (refused(2, 503), UnavailableError, "2: "),
        (Answer(502, b"<html>"), UnavailableError, "502"),
    ],
)
def test_other_calls_fail_with_a_sentence_that_says_what_to_do(answer: Answer, kind: type, words: str) -> None:
    failure = failure_of(answer, "https://graph.example")
    assert type(failure) is kind
    assert words in str(failure)
    assert failure_of(Answer(200, b"{}"), "") is None


def body_of(content: Content, **options: Any) -> dict[str, Any]:
    return message_body("34600111222", content, reference="R", uploaded={}, **options)


def test_contents_that_were_never_recorded_follow_metas_reference() -> None:
    link = Buttons(text="Look", buttons=(Button(title="Open", url="https://example.com"),))
    assert body_of(link)["interactive"] == {
        "type": "cta_url",
        "body": {"text": "Look"},
        "action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://example.com"}},
    }
    place = Location(latitude=40.4, longitude=-3.7, name="Sol")
    assert body_of(place)["location"] == {"latitude": 40.4, "longitude": -3.7, "name": "Sol"}
    people = Contacts(contacts=(Card(name="Ana", phone="34600111222", email="ana@example.com"),))
    assert body_of(people)["contacts"] == [
        {
            "name": {"formatted_name": "Ana", "first_name": "Ana"},
            "phones": [{"phone": "+34600111222", "wa_id": "34600111222"}],
            "emails": [{"email": "ana@example.com"}],
        }
    ]
    assert body_of(Sticker(media=Media(url="https://x.example/a.webp")))["sticker"] == {
        "link": "https://x.example/a.webp"
    }


def test_a_template_is_filled_in_every_part() -> None:
    content = Template(
        name="visit",
        language="es",
        header=Media(url="https://x.example/plan.pdf", filename="plan.pdf"),
        body=("Ana",),
        buttons=(None, "abc", "yes"),
    )
    parts = body_of(content, button_kinds=("phone_number", "url", "quick_reply"))["template"]["components"]
    assert parts[0] == {
        "type": "header",
        "parameters": [
            {"type": "document", "document": {"link": "https://x.example/plan.pdf", "filename": "plan.pdf"}}
        ],
    }
    assert parts[1] == {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}
    assert parts[2] == {
        "type": "button",
        "sub_type": "url",
        "index": "1",
        "parameters": [{"type": "text", "text": "abc"}],
    }
    assert parts[3] == {
        "type": "button",
        "sub_type": "quick_reply",
        "index": "2",
        "parameters": [{"type": "payload", "payload": "yes"}],
    }


@pytest.mark.parametrize(
    "content",
    [
        Poll(question="When?", options=("Monday", "Tuesday")),
        Buttons(text="x", buttons=tuple(Button(title=str(n)) for n in range(4))),
        Buttons(text="x", buttons=(Button(title="a"), Button(title="b", url="https://example.com"))),
    ],
)
def test_what_meta_has_no_message_for_is_refused_in_words(content: Content) -> None:
    with pytest.raises(InvalidError) as refusal:
        body_of(content)
    assert refusal.value.code == "not_supported"


def said(part: dict[str, Any], **value: Any) -> Any:
    item = {"from": "34600111222", "id": "M1", "timestamp": "1767225600", **part}
    change = {"metadata": {"phone_number_id": "109"}, "messages": [item], **value}
    return told("messages", change)


def told(field: str, value: Any) -> Any:
    raw = {"object": webhook.OBJECT, "entry": [{"changes": [{"field": field, "value": value}]}]}
    ((number, events),) = webhook.split(json.dumps(raw).encode(), NOW)
    (event,) = events
    return (number, event) if field != "messages" else event


SAID = [
    ({"type": "text", "text": {"body": "hola"}}, SaidText(text="hola"), "hola"),
    (
        {"type": "image", "image": {"id": "7", "mime_type": "image/jpeg", "caption": "the door"}},
        SaidMedia(kind="image", mimetype="image/jpeg", caption="the door", ref="7"),
        "the door",
    ),
    (
        {"type": "document", "document": {"id": "8", "filename": "a.pdf"}},
        SaidMedia(kind="document", file_name="a.pdf", ref="8"),
        "a.pdf",
    ),
    (
        {"type": "location", "location": {"latitude": 40.4, "longitude": -3.7, "name": "Sol"}},
        SaidLocation(latitude=40.4, longitude=-3.7, name="Sol"),
        "Sol",
    ),
    (
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "Bia"}, "phones": [{"phone": "+55 11 9"}]}]},
        SaidContacts(contacts=(Card(name="Bia", phone="55119"),)),
        "Bia",
    ),
    (
        {"type": "reaction", "reaction": {"message_id": "M0", "emoji": "👍"}},
        SaidReaction(target="M0", emoji="👍"),
        "👍",
    ),
    ({"type": "reaction", "reaction": {"message_id": "M0"}}, SaidReaction(target="M0", emoji=""), None),
    (
        {
            "type": "interactive",
            "context": {"id": "M0"},
            "interactive": {"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes"}},
        },
        SaidChoice(id="yes", title="Yes", target="M0"),
        "Yes",
    ),
    (
        {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "r1", "title": "Row"}}},
        SaidChoice(id="r1", title="Row"),
        "Row",
    ),
    (
        {"type": "button", "button": {"payload": "PAY", "text": "Confirm"}, "context": {"id": "T"}},
        SaidChoice(id="PAY", title="Confirm", target="T"),
        "Confirm",
    ),
    ({"type": "order", "order": {"catalog_id": "1"}}, SaidOther(kind="order"), None),
    ({"type": "unsupported", "errors": [{"code": 131051}]}, SaidOther(kind="unsupported"), None),
    ({"type": "text", "text": ["a new shape"]}, SaidOther(kind="text"), None),
]


@pytest.mark.parametrize(("part", "wanted", "words"), SAID, ids=lambda case: str(case)[:30])
def test_what_people_say_has_a_class_of_its_own(part: dict[str, Any], wanted: Any, words: str | None) -> None:
    event = said(part)
    assert isinstance(event, InboundEvent)
    assert (event.said, event.text, event.sender) == (wanted, words, "34600111222")
    assert event.at == datetime.fromtimestamp(1767225600, UTC)


def test_who_writes_has_a_name_and_every_address_the_event_names() -> None:
    people = [{"wa_id": "34600111222", "user_id": "ES.1", "profile": {"name": "Ana"}}]
    event = said({"type": "text", "text": {"body": "x"}, "context": {"id": "M0"}}, contacts=people)
    assert (event.name, event.quoted) == ("Ana", "M0")
    assert event.addresses == ("phone:34600111222", "cloud:ES.1")
    hidden = said({"type": "text", "text": {"body": "x"}, "from": None, "from_user_id": "ES.1"}, contacts=people)
    assert (hidden.sender, hidden.addresses, hidden.name) == ("ES.1", ("cloud:ES.1",), "Ana")


def test_a_new_number_is_nobodys_message_and_opens_no_window() -> None:
    system = {"type": "user_changed_number", "wa_id": "34600111333", "body": "changed"}
    assert said({"type": "system", "system": system}) == ContactEvent(
        addresses=("phone:34600111222", "phone:34600111333")
    )
    assert said({"type": "system", "system": {"type": "other"}}) == OtherEvent(kind="messages.system")


def test_our_own_words_are_no_inbound_message() -> None:
    assert said({"type": "text", "text": {"body": "x"}, "from": "109"}) == OtherEvent(kind="messages.echo")
    echo = {"from": "34911", "to": "34600111222", "id": "E", "type": "text", "text": {"body": "typed"}}
    number, event = told("smb_message_echoes", {"metadata": {"phone_number_id": "109"}, "message_echoes": [echo]})
    assert number == "109"
    assert isinstance(event, OwnMessageEvent)
    assert (event.recipient, event.by_api, event.said) == ("34600111222", False, SaidText(text="typed"))


@pytest.mark.parametrize(("word", "rank"), [("sent", 1), ("delivered", 2), ("read", 3), ("played", 4), ("failed", 0)])
def test_a_status_says_how_far_it_came_and_what_we_called_it(word: str, rank: int) -> None:
    status = {
        "id": "M1",
        "status": word,
        "recipient_id": "34600111222",
        "biz_opaque_callback_data": "ours",
        "errors": [{"code": 131049}],
    }
    event = told("messages", {"metadata": {"phone_number_id": "109"}, "statuses": [status]})
    assert isinstance(event, ReceiptEvent)
    assert (event.provider_id, event.rank, event.reference) == ("M1", rank, "ours")
    assert (event.text or "").startswith("131049: This person got enough marketing") == (rank == 0)
    assert (event.refusal is not None) == (rank == 0)
    if event.refusal is not None:
        assert (event.refusal.scope, event.refusal.code, event.recipient) == (
            Scope.RECIPIENT,
            "marketing_limit",
            "34600111222",
        )


def test_templates_and_accounts_have_events_that_are_about_no_number() -> None:
    rejected = {
        "event": "REJECTED",
        "message_template_name": "visit",
        "message_template_language": "es",
        "reason": "INVALID_FORMAT",
    }
    assert told("message_template_status_update", rejected) == (
        "",
        TemplateEvent(name="visit", language="es", status="REJECTED", reason="INVALID_FORMAT"),
    )
    limit = {"display_phone_number": "34911222333", "event": "UPGRADE", "current_limit": "TIER_10K"}
    assert told("phone_number_quality_update", limit) == (
        "",
        AccountEvent(tier="TIER_10K", text="UPGRADE", number="34911222333", people=10_000),
    )
    banned = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
    _, event = told("account_update", banned)
    assert isinstance(event, AccountEvent)
    assert event.text is not None
    assert event.text.startswith("DISABLED_UPDATE")
    assert "DISABLE" in event.text.partition(" ")[2]


@pytest.mark.parametrize(
    ("tier", "people"),
    [("TIER_50", 50), ("TIER_2K", 2_000), ("TIER_UNLIMITED", 0), ("TIER_NOT_SET", None), (None, None), ("2000", 2_000)],
)
def test_a_tier_is_a_number_of_people(tier: str | None, people: int | None) -> None:
    assert people_of(tier) == people


def test_a_number_is_named_by_its_id_and_limited_by_its_words() -> None:
    number = Number(
        id="109",
        display_phone_number="+34 911 222 333",
        status="CONNECTED",
        quality_rating="GREEN",
        throughput=Throughput(level="STANDARD"),
        whatsapp_business_manager_messaging_limit="TIER_250",
        messaging_limit_tier="TIER_1K",
    )
    remote, limits = instance_of(number), limits_of(number)
    assert (remote.name, remote.state, remote.owner) == ("109", "open", "34911222333")
    assert (limits.per_minute, limits.new_recipients_per_day, limits.quality) == (4_800, 250, "GREEN")
