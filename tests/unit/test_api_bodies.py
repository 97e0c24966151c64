"""Decoding: every refusal has its own code."""

import msgspec
import pytest

from anclora.api.bodies import decode
from anclora.api.errors import STATUS_OF_CODE, problem_of, status_of
from anclora.kit.errors import (
    AncloraError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    SetupError,
    UnauthorizedError,
    UnavailableError,
)

TEXT = msgspec.json.Decoder(dict[str, str])
ANY = msgspec.json.Decoder()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (rb'{"a": "\ud800"}', "invalid_text"),
        (rb'{"a": "\udfff"}', "invalid_text"),
        (rb'{"a": "\ud800\u0041"}', "invalid_text"),
        (rb'{"a": "\uD83D and more text"}', "invalid_text"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
        (b'{"a": 1}', "schema"),
        (b'{"a": "b"', "malformed_json"),
        (rb'{"a": "\ud83d\ude00" ', "malformed_json"),
        (b"\xef\xbb\xbf{}", "malformed_json"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        decode(TEXT, body)
    assert refused.value.code == code


def test_whole_pairs_and_escaped_backslashes_are_fine() -> None:
    assert decode(TEXT, rb'{"a": "\ud83d\ude00 \\ud800"}') == {"a": "😀 \\ud800"}


def test_depth_and_number_of_parts_are_bounded() -> None:
    with pytest.raises(InvalidError) as deep:
        decode(ANY, b"[" * 100_000)
    assert deep.value.code == "too_deep"
    with pytest.raises(InvalidError) as many:
        decode(ANY, b"[" + b"1," * 1_000_001 + b"1]")
    assert many.value.code == "too_complex"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidError("x"), 422),
        (InvalidError("x", code="too_large"), 413),
        (NotFoundError("x"), 404),
        (NotFoundError("x", code="unknown_instance"), 422),
        (ConflictError("x"), 409),
        (UnauthorizedError("x"), 401),
        (ForbiddenError("x"), 403),
        (UnavailableError("x"), 503),
        (SetupError("x"), 500),
        (AncloraError("x"), 500),
    ],
)
def test_one_map_gives_the_status(error: AncloraError, status: int) -> None:
    assert status_of(error) == status


def test_every_status_of_the_map_is_the_callers_fault() -> None:
    others = {code for code, status in STATUS_OF_CODE.items() if not 400 <= status < 500}
    assert others == {"provider_key_refused", "provider_forbids"}  # ours, at the provider


def test_a_problem_has_the_members_of_rfc_9457_and_keeps_its_own_over_extra_ones() -> None:
    found = problem_of(InvalidError("detail", code="a_code", extra={"status": 1, "field": "$.a"}))
    assert found == {
        "type": "urn:anclora:problem:a_code",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "detail",
        "code": "a_code",
        "field": "$.a",
    }
