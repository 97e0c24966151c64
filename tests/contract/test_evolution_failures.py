"""Every row of the contract's failure table comes out as the hand-written table says, and nothing else is final."""

import json
from typing import Any

import pytest
from failure_table import ROWS, error_body, name_of, row_of

from anclora.kit.errors import (
    AncloraError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
)
from anclora.kit.http import Answer, MaybeSent, NotSent
from anclora.providers.contract import Refused, Scope, Sent, Unknown
from anclora.providers.evolution.adapter import CAPABILITIES
from anclora.providers.evolution.errors import classify, failure_of, outcome_of, redact

EXAMPLES = [
    pytest.param(number, status, example, id=f"{status}-{json.dumps(example)[:60]}")
    for number, row in enumerate(ROWS)
    for example in row["examples"]
    for status in ((row["status"],) if row["status"] else (400, 500))
]


@pytest.mark.parametrize(("number", "status", "message"), EXAMPLES)
def test_each_row_comes_out_as_written(number: int, status: int, message: Any) -> None:
    body = error_body(status, message)
    assert row_of(status, json.loads(body)) is ROWS[number], "the table contradicts itself"
    outcome = classify(Answer(status, body))
    assert name_of(outcome) == ROWS[number]["expect"]
    assert not isinstance(outcome, Sent)
    assert outcome.code
    assert str(status) in outcome.text


@pytest.mark.parametrize("status", [302, 400, 402, 405, 408, 409, 413, 415, 418, 422, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad Gateway</html>",
        b"{}",
        b"[]",
        b"null",
        b'"text"',
        b'{"response":null}',
        b'{"message":{}}',
        b"\xff",
    ]
    + [
        error_body(0, message)
        for message in ([], [[]], [[1]], [None], [1], {}, "", ["something new"], [{"number": "1"}])
    ],
)
def test_an_answer_nobody_has_seen_is_unknown(status: int, body: bytes) -> None:
    assert isinstance(classify(Answer(status, body)), Unknown)


@pytest.mark.parametrize("body", [b"", b"<html>Slow down</html>", b"{}", error_body(429, "anything")])
def test_too_many_requests_stops_the_number_for_as_long_as_asked(body: bytes) -> None:
    outcome = classify(Answer(429, body, [(b"retry-after", b"12")]))
    assert isinstance(outcome, Refused)
    assert (name_of(outcome), outcome.code, outcome.retry_after_seconds) == ("lane", "too_many_requests", 12.0)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxys_word_hides_nothing_and_the_servers_own_accident_may(status: int) -> None:
    """Behind a proxy the server goes on and has its row; its own 500 may come after the message left, without one."""
    by_proxy, by_server = classify(Answer(status, b"<html>")), classify(Answer(500, error_body(500, "new")))
    assert isinstance(by_proxy, Unknown)
    assert isinstance(by_server, Unknown)
    assert by_proxy.code not in CAPABILITIES.hidden_by
    assert by_server.code in CAPABILITIES.hidden_by


def test_a_final_text_is_final_only_word_for_word_and_only_as_a_400_list() -> None:
    finals = [text for row in ROWS if row["expect"] == "permanent" for text in row.get("is", []) if ":" not in text]
    assert len(finals) > 10
    for text in finals:
        assert name_of(classify(Answer(400, error_body(400, [text])))) == "permanent"
        for status, message in (
            (400, text),
            (400, [f"{text} now"]),
            (400, [f"Error: {text}"]),
            (400, [text, "Error: Connection Closed"]),
            (500, [text]),
            (500, text),
        ):
            assert name_of(classify(Answer(status, error_body(status, message)))) == "unknown"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"key":{"id":"3EB0"},"status":"PENDING"}', "sent"),
        (b'{"key":{"id":""}}', "unknown"),
        (b'{"key":{"id":7}}', "unknown"),
        (b'{"key":{}}', "unknown"),
        (b'{"key":null}', "unknown"),
        (b'{"message":"(#131026) Message undeliverable","code":131026}', "unknown"),
        (b"", "unknown"),
        (b"{", "unknown"),
        (b"[]", "unknown"),
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_success_is_a_message_id_and_nothing_less(status: int, body: bytes, name: str) -> None:
    assert name_of(classify(Answer(status, body))) == name


@pytest.mark.parametrize("code", ["refused", "dns", "tls", "connect_timeout", "closed", "busy"])
def test_a_request_that_did_not_leave_is_a_refusal_proved_not_sent(code: str) -> None:
    outcome = outcome_of(NotSent(code, "https://evo.example cannot be reached: refused"))
    assert isinstance(outcome, Refused)
    assert (outcome.scope, outcome.permanent, outcome.before_send) == (Scope.LANE, False, True)


@pytest.mark.parametrize("code", ["reset", "timeout", "garbled", "too_large"])
def test_a_request_without_an_answer_is_unknown(code: str) -> None:
    assert isinstance(outcome_of(MaybeSent(code, "no answer")), Unknown)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (200, None, None),
        (201, None, None),
        (401, "Unauthorized", UnauthorizedError),
        (403, ["no"], ForbiddenError),
        (404, ['The "a" instance does not exist'], NotFoundError),
        (404, ["Cannot GET /instance"], UnavailableError),
        (400, [['webhook requires property "url"']], InvalidError),
        (413, "request entity too large", InvalidError),
        (302, None, UnavailableError),
        (429, None, UnavailableError),
        (500, "Connection Closed", UnavailableError),
        (503, None, UnavailableError),
    ],
)
def test_other_calls_fail_with_an_error_that_names_the_server(
    status: int, message: Any, kind: type[AncloraError] | None
) -> None:
    failure = failure_of(Answer(status, error_body(status, message)), "https://evo.example", "a")
    assert (None if failure is None else type(failure)) is kind
    assert failure is None or "https://evo.example" in failure.detail


def test_a_wrong_key_names_the_setting() -> None:
    failure = failure_of(Answer(401, b"{}"), "https://evo.example")
    assert failure is not None
    assert "EVOLUTION_API_KEY" in failure.detail


@pytest.mark.parametrize(
    "secret",
    ["5511999990001", "+55 (11) 99999-0001", "34600123456@s.whatsapp.net", "99887766554433@lid", "ana@example.com"],
)
def test_a_text_for_logs_names_nobody(secret: str) -> None:
    text = redact(f"cannot write to {secret} today")
    assert text == "cannot write to … today"


def test_a_text_for_logs_is_short_and_has_no_rows_of_the_database() -> None:
    assert len(redact("word " * 1_000)) <= 200
    assert redact("PrismaClientError: \nInvalid `create()`: { conversation: 'the text' }") == "PrismaClientError:"
