"""What the doors answer, one idea a test. The codes: `docs/reference/errors.md`."""

import json

import msgspec
import pytest
from starlette.datastructures import Headers

from anclora.api.bodies import decode
from anclora.api.errors import answer_error, status_of
from anclora.api.idempotency import idempotency_key
from anclora.kit.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, UnavailableError
from anclora.messages.model import Draft, IllegalStepError

DRAFT = msgspec.json.Decoder(Draft)


def test_a_refusal_is_a_problem_document() -> None:
    error = InvalidError("The phone number is malformed. Write it as +34600111222.", code="invalid_phone")
    answer = answer_error("/api/v1/messages", error)
    assert answer.media_type == "application/problem+json"
    assert json.loads(bytes(answer.body)) == {
        "type": "urn:anclora:problem:invalid_phone",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "The phone number is malformed. Write it as +34600111222.",
        "code": "invalid_phone",
        "instance": "/api/v1/messages",
    }


def test_the_kind_of_a_failure_says_its_status() -> None:
    kinds = (InvalidError, ForbiddenError, NotFoundError, ConflictError, UnavailableError)
    assert [status_of(kind("…")) for kind in kinds] == [422, 403, 404, 409, 503]


def test_a_part_that_is_away_says_when_to_come_again() -> None:
    answer = answer_error("/api/v1/messages", UnavailableError("Redis is away.", retry_after_seconds=7))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")


def test_a_defect_of_ours_shows_nothing_of_its_inside() -> None:
    answer = answer_error("/", IllegalStepError("A message that is read cannot become queued."))
    assert answer.status_code == 500
    assert b"queued" not in bytes(answer.body)


def test_a_message_needs_a_recipient_and_words() -> None:
    draft = decode(DRAFT, b'{"to": "+34600111222", "text": "hola"}')
    assert (draft.to, draft.text, draft.type) == ("+34600111222", "hola", "text")


def test_a_field_of_the_wrong_kind_is_named_by_its_path() -> None:
    with pytest.raises(InvalidError) as refused:
        decode(DRAFT, b'{"to": "+34600111222", "media": {"url": 7}}')
    assert (refused.value.code, refused.value.extra) == ("schema", {"field": "$.media.url"})


def test_what_is_no_json_is_told_apart_from_what_is_no_message() -> None:
    codes: list[str] = []
    for body in (b"{to: 1}", b"[]", b'{"to": "+34600111222", "text": "\xff"}'):
        with pytest.raises(InvalidError) as refused:
            decode(DRAFT, body)
        codes.append(refused.value.code)
    assert codes == ["malformed_json", "schema", "not_utf8"]


def test_an_idempotency_key_is_optional_and_comes_once() -> None:
    assert idempotency_key(Headers({})) is None
    assert idempotency_key(Headers({"Idempotency-Key": "order-7"})) == "order-7"
    with pytest.raises(InvalidError):
        idempotency_key(Headers(raw=[(b"idempotency-key", b"a"), (b"idempotency-key", b"b")]))
