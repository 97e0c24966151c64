"""What a provider answers, as values, one idea a test. The contract: `anclora/providers/contract.py`."""

from datetime import UTC, datetime

from anclora.kit.http import Answer, MaybeSent, NotSent
from anclora.providers.contract import (
    Image,
    InboundEvent,
    Media,
    OtherEvent,
    OwnMessageEvent,
    ReceiptEvent,
    Refused,
    Scope,
    Sent,
    Text,
    Unknown,
    fingerprint,
)
from anclora.providers.evolution.errors import classify, outcome_of
from anclora.providers.evolution.webhook import parse

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


def answered(status: int, body: str) -> Answer:
    return Answer(status, body.encode(), ())


def test_sent_means_that_the_provider_named_the_message() -> None:
    assert classify(answered(201, '{"key": {"id": "3EB0"}}')) == Sent(provider_id="3EB0")


def test_an_ok_without_a_name_proves_nothing() -> None:
    assert isinstance(classify(answered(200, "{}")), Unknown)


def test_refused_means_certainly_not_sent_and_says_what_else_must_wait() -> None:
    nobody = classify(
        answered(400, '{"response": {"message": [{"jid": "1@s.whatsapp.net", "exists": false, "number": "1"}]}}')
    )
    closed = classify(answered(500, '{"response": {"message": "Connection Closed"}}'))
    assert isinstance(nobody, Refused)
    assert isinstance(closed, Refused)
    assert (nobody.scope, nobody.permanent) == (Scope.RECIPIENT, True)
    assert (closed.scope, closed.permanent) == (Scope.LANE, False)


def test_a_request_that_never_left_is_refused_and_one_that_may_have_is_unknown() -> None:
    never = outcome_of(NotSent("refused", "connection refused"))
    assert isinstance(never, Refused)
    assert never.before_send
    assert isinstance(outcome_of(MaybeSent("timeout", "no answer in 60 s")), Unknown)


def test_an_error_nobody_has_named_is_unknown_and_never_final() -> None:
    assert isinstance(classify(answered(500, '{"response": {"message": "something new"}}')), Unknown)


def test_a_webhook_becomes_typed_events() -> None:
    read = parse(b'{"event": "messages.update", "instance": "a", "data": {"keyId": "3EB0", "status": "READ"}}', NOW)
    assert list(read) == [ReceiptEvent(provider_id="3EB0", rank=3)]
    stranger = parse(b'{"event": "something.new", "instance": "a", "data": {}}', NOW)
    assert list(stranger) == [OtherEvent(kind="something.new")]


def test_who_wrote_it_tells_a_reply_from_our_own_message() -> None:
    key = '"id": "3EB0", "remoteJid": "34600111222@s.whatsapp.net"'
    body = '{"event": "%s", "instance": "a", "data": {"key": {%s, "fromMe": %s}, "message": {"conversation": "hola"}}}'
    (own,) = parse((body % ("send.message", key, "true")).encode(), NOW)
    (reply,) = parse((body % ("messages.upsert", key, "false")).encode(), NOW)
    assert isinstance(own, OwnMessageEvent)
    assert isinstance(reply, InboundEvent)
    assert (own.recipient, reply.sender, reply.text) == ("34600111222", "34600111222", "hola")


def test_a_fingerprint_finds_a_message_again_by_what_it_says() -> None:
    assert fingerprint(Text(text="hola,  mundo")) == fingerprint(Text(text="hola,\nmundo"))
    assert fingerprint(Text(text="hola")) != fingerprint(
        Image(media=Media(url="http://x.example/a.png"), caption="hola")
    )
    assert fingerprint(Image(media=Media(url="http://x.example/a.png"))) is None
