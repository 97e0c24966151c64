"""What an answer of Evolution API means, as a table: the first row that fits decides, and the last fits everything.

A message is refused for good only by the texts named here. A 400 does not prove that nothing was sent: the server
stores its row after sending, and fails with 400 when that fails. So what is not named stays unknown.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from anclora.kit.errors import (
    AncloraError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
)
from anclora.kit.http import Answer, MaybeSent, NotSent, Result
from anclora.kit.retry_after import retry_after_seconds
from anclora.providers.contract import Fault, Outcome, Refused, Scope, Sent, Unknown
from anclora.providers.evolution.jids import number_of
from anclora.providers.evolution.shapes import UNREADABLE

_TEXT_CHARS = 200
_NUMBERS = re.compile(r"\+?\d[\d\s()-]{5,}\d(?:@[\w.]+)?")
_MAILS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


class Shape(StrEnum):
    """The form of `response.message`, which varies with where in the server the error was raised."""

    TEXT = "text"
    LIST = "list of texts"
    NESTED = "list in a list"
    OBJECTS = "list of objects"
    NONE = "none"


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        statuses: HTTP statuses it speaks of; empty = any.
        shapes: forms of the message it speaks of; empty = any.
        pattern: matched from the start of every text of the message; empty = any.
        code: stable code of the outcome.
        refusal: how it is refused; None = unknown.
    """

    statuses: tuple[int, ...]
    shapes: tuple[Shape, ...]
    pattern: str
    code: str
    refusal: Refused | None


def _refused(scope: Scope, fault: Fault, *, permanent: bool = False) -> Refused:
    return Refused(scope=scope, code="", text="", fault=fault, permanent=permanent)


_LANE = _refused(Scope.LANE, Fault.PROVIDER)
_LANE_OURS = _refused(Scope.LANE, Fault.OURS)
_MEDIA = _refused(Scope.MESSAGE, Fault.CALLER)
_NEVER = _refused(Scope.MESSAGE, Fault.CALLER, permanent=True)
_NOBODY = _refused(Scope.RECIPIENT, Fault.RECIPIENT, permanent=True)

_TEXT, _LIST, _NESTED, _OBJECTS = (Shape.TEXT,), (Shape.LIST,), (Shape.NESTED,), (Shape.OBJECTS,)
_WORDS = (Shape.TEXT, Shape.LIST)

# The business texts the server answers before it sends anything, word for word.
_BUSINESS = "|".join(
    re.escape(text) + r"\Z"
    for text in (
        "Text is required",
        "For base64 the file name must be informed.",
        "Owned media must be a url or base64",
        "Owned media must be a url, base64, or valid file with buffer",
        "At least one button is required",
        "Maximum of 3 reply buttons allowed",
        "Reply buttons cannot be mixed with other button types",
        "Button texts cannot be repeated",
        "Button IDs cannot be repeated.",
        "Reaction must be a single emoji or empty string",
        "Font is required",
        "Method not available on WhatsApp Business API",
        "Method not available on Evolution Channel",
    )
)
_MEDIA_ERRORS = (
    r"AxiosError: |Error: connect E|Error: getaddrinfo E|Error: Input buffer |Error: Failed to get video duration"
)

ROWS: tuple[Row, ...] = (
    Row((400,), _OBJECTS, r"exists:false", "not_on_whatsapp", _NOBODY),
    Row((400,), _NESTED, "", "invalid_request", _NEVER),
    Row((400,), _WORDS, r"Prisma|DriverAdapterError", "not_stored", None),
    Row((400,), _WORDS, r"TypeError", "type_error", None),
    Row((400,), _WORDS, r"Error: Connection Closed", "connection_closed", None),
    Row((400,), _WORDS, r"Error: Timed Out", "timed_out", None),
    Row((400,), _LIST, _BUSINESS, "invalid_request", _NEVER),
    Row((500,), _TEXT, r"Connection Closed\Z", "connection_closed", _LANE),
    Row((500,), _WORDS, r".*\(reading 'onWhatsApp'\)", "never_connected", _LANE),
    Row((500,), _WORDS, r".*\(reading 'waUploadToServer'\)", "never_connected", _LANE),
    Row((500,), _WORDS, r"(Error: )?rate-overlimit", "rate_overlimit", _LANE),
    Row((500,), _LIST, _MEDIA_ERRORS, "media_not_usable", _MEDIA),
    Row((500,), _TEXT, r"File or buffer is undefined", "media_not_usable", _MEDIA),
    # Said by a proxy before it, in its own words: too many requests reached nobody; the others say that nobody answered
    # it, so the message may be out, and then the server has its row.
    Row((429,), (), "", "too_many_requests", _LANE),
    Row((502, 503, 504), (Shape.NONE,), "", "gateway_error", None),
    Row((401,), (), "", "key_refused", _LANE_OURS),
    Row((403,), (), "", "forbidden", _LANE_OURS),
    Row((404,), (), "", "instance_not_found", _LANE_OURS),
    Row((), (), "", "unclear_answer", None),
)
_PATTERNS = tuple(re.compile(row.pattern, re.DOTALL) for row in ROWS)


class _Key(msgspec.Struct):
    id: str | None = None
    remoteJid: str | None = None  # noqa: N815 - the wire's name


class _Taken(msgspec.Struct):
    key: _Key | None = None


_taken = msgspec.json.Decoder(_Taken)


def outcome_of(result: Result, now: datetime | None = None) -> Outcome:
    """The outcome of a send, from whatever became of its request; `now` is for answers that name a date without one."""
    if isinstance(result, NotSent):
        code = "busy" if result.code == "busy" else f"not_reached_{result.code}"
        fault = Fault.OURS if result.code == "busy" else Fault.PROVIDER
        return Refused(scope=Scope.LANE, code=code, text=redact(result.reason), fault=fault, before_send=True)
    if isinstance(result, MaybeSent):
        return Unknown(code=f"no_answer_{result.code}", text=redact(result.reason))
    return classify(result, now)


def classify(answer: Answer, now: datetime | None = None) -> Outcome:
    """The outcome a whole answer to a send stands for. 2xx without `key.id` proves nothing: Graph errors come so."""
    if 200 <= answer.status < 300:
        try:
            taken = _taken.decode(answer.body)
        except UNREADABLE:
            taken = None
        if taken is not None and taken.key is not None and taken.key.id and taken.key.id.isprintable():
            jid = taken.key.remoteJid
            return Sent(provider_id=taken.key.id, recipient=number_of(jid) if jid else None)
        return Unknown(code="no_message_id", text=_said(answer))
    shape, texts = message_of(answer)
    row = _row(answer.status, shape, texts)
    said = _said(answer)
    if row.refusal is None:
        return Unknown(code=row.code, text=said)
    wish = retry_after_seconds(answer.headers, now)
    return msgspec.structs.replace(row.refusal, code=row.code, text=said, retry_after_seconds=wish)


def _row(status: int, shape: Shape, texts: list[str]) -> Row:
    for row, pattern in zip(ROWS, _PATTERNS, strict=True):
        fits = (not row.statuses or status in row.statuses) and (not row.shapes or shape in row.shapes)
        if fits and (not row.pattern or (texts and all(pattern.match(text) for text in texts))):
            return row
    return ROWS[-1]


def message_of(answer: Answer) -> tuple[Shape, list[str]]:
    """Shape and texts of an error's message: a text, a list, a list in a list or a list of objects."""
    message = _raw_message(answer)
    if isinstance(message, str):
        return Shape.TEXT, [message]
    if isinstance(message, list) and message:
        if all(isinstance(item, str) for item in message):
            return Shape.LIST, message
        if all(isinstance(item, list) and item and all(isinstance(text, str) for text in item) for item in message):
            return Shape.NESTED, [text for item in message for text in item]
        if all(isinstance(item, dict) for item in message):
            return Shape.OBJECTS, ["exists:false" if item.get("exists") is False else "object" for item in message]
    return Shape.NONE, []


def _raw_message(answer: Answer) -> Any:
    try:
        body: Any = msgspec.json.decode(answer.body)
    except UNREADABLE:
        return None
    if not isinstance(body, dict):
        return None
    response = body.get("response")
    return response.get("message") if isinstance(response, dict) else body.get("message")


def failure_of(answer: Answer, shown: str, instance: str | None = None) -> AncloraError | None:
    """The error an answer to a call other than a send stands for; None for 2xx.

    Args:
        answer: what came.
        shown: the server's URL for people.
        instance: whom the call was about.
    """
    if 200 <= answer.status < 300:
        return None
    _, texts = message_of(answer)
    said = redact(" / ".join(texts)) or "no reason given"
    if answer.status == 401:
        return UnauthorizedError(
            f"Evolution API at {shown} does not accept EVOLUTION_API_KEY. Set it to the server's global key "
            "(its AUTHENTICATION_API_KEY).",
            code="provider_key_refused",
        )
    if answer.status == 404 and instance is not None and any("does not exist" in text for text in texts):
        return NotFoundError(
            f"Evolution API at {shown} has no instance named {instance!r}. Names are case-sensitive.",
            code="instance_not_found",
        )
    if answer.status == 403:
        return ForbiddenError(f"Evolution API at {shown} forbids this: {said}.", code="provider_forbids")
    if answer.status in (400, 409, 413, 415, 422):
        return InvalidError(f"Evolution API at {shown} refuses this: {said}.", code="provider_refuses")
    hint = " Is this the address of Evolution API?" if answer.status == 404 else ""
    return UnavailableError(f"{shown} answered {answer.status}: {said}.{hint}", code="provider_unavailable")


def redact(text: str) -> str:
    """A provider's words for logs and rows: short, no phone number, no mail address.

    The first line only: database errors print the whole row, message text included, on the following ones.
    """
    return _NUMBERS.sub("…", _MAILS.sub("…", text.replace("\0", "").strip().partition("\n")[0])).strip()[:_TEXT_CHARS]


def _said(answer: Answer) -> str:
    _, texts = message_of(answer)
    return redact(f"{answer.status} {' / '.join(texts)}")
