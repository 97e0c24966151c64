"""Reading and decoding request bodies: bounded in bytes, time and memory, every refusal with its own code."""

import re
from typing import TypeVar

import msgspec
from starlette.requests import Request

from anclora.kit.deadline import Deadline
from anclora.kit.errors import InvalidError

Value = TypeVar("Value")

_READ_SECONDS = 60.0
# Decoded values cost more memory than their text; a body of our own schema needs far fewer than this.
_MOST_COMMAS = 1_000_000
# RFC 8259 section 7: an escape may name half of a surrogate pair, which no text can hold.
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
_FIELD = re.compile(r"^(.*) - at `(\$[^`]*)`$", re.DOTALL)


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body.

    Raises:
        InvalidError: `too_large` (413; nothing beyond the limit is kept) or `body_too_slow` (408).
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    chunks: list[bytes] = []
    size = 0
    try:
        with Deadline(_READ_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit_bytes:
                    raise _too_large(limit_bytes)
                chunks.append(chunk)
    except TimeoutError as error:
        raise InvalidError(f"The body took longer than {_READ_SECONDS:.0f} s.", code="body_too_slow") from error
    return b"".join(chunks)


def decode(decoder: msgspec.json.Decoder[Value], body: bytes | msgspec.Raw) -> Value:
    """A body as a typed value.

    Raises:
        InvalidError: `malformed_json`, `not_utf8` (400); `schema`, `invalid_text`, `too_deep`, `too_complex` (422).
    """
    data = bytes(body)
    if data.count(b",") > _MOST_COMMAS:
        raise InvalidError("The body has too many parts. Send it in several requests.", code="too_complex")
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise schema_error(str(error)) from error
    except RecursionError as error:
        raise InvalidError("The JSON is nested too deep; 32 levels are more than enough.", code="too_deep") from error
    except UnicodeDecodeError as error:
        raise InvalidError("The body is not UTF-8; JSON must be.", code="not_utf8") from error
    except msgspec.DecodeError as error:
        if _LONE_SURROGATE.search(data):
            raise InvalidError(
                "A text holds half of a surrogate pair (\\ud800 to \\udfff); send whole characters.",
                code="invalid_text",
            ) from error
        raise InvalidError(f"The body is not JSON: {error}", code="malformed_json") from error


def schema_error(text: str) -> InvalidError:
    """A sentence of msgspec as our error, the path of the field in its own member."""
    match = _FIELD.match(text)
    words, field = match.groups() if match else (text, "$")
    return InvalidError(f"{words} (at {field}).", code="schema", extra={"field": field})


def _too_large(limit_bytes: int) -> InvalidError:
    return InvalidError(f"The body is larger than {limit_bytes} bytes. Send less at once.", code="too_large")
