"""What an error of Meta's Cloud API means, as a table: its code decides, in a send's answer and in a late status alike.

The codes and what to do about them are Meta's documented ones (Cloud API, error codes). An error object in a 4xx answer
proves that nothing was sent: Graph refuses before it accepts. A 5xx does so only for the codes named here.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from anclora.kit.errors import AncloraError, ForbiddenError, InvalidError, UnauthorizedError, UnavailableError
from anclora.kit.http import Answer, MaybeSent, NotSent, Result
from anclora.kit.retry_after import retry_after_seconds
from anclora.providers.cloud.error_table import MEANINGS, PERMISSIONS, Meaning
from anclora.providers.contract import Fault, Outcome, Refused, Scope, Sent, Unknown

_TEXT_CHARS = 250
_DETAIL_CHARS = 90
_NUMBERS = re.compile(r"\+?\d[\d\s()-]{5,}\d")
_MAILS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Details(msgspec.Struct):
    details: str | None = None


class GraphError(msgspec.Struct):
    """The error object of Graph, in answers and in statuses."""

    code: int = 0
    message: str | None = None
    title: str | None = None
    error_data: _Details | None = None
    error_subcode: int | None = None

    @property
    def said(self) -> str:
        """Meta's most exact words."""
        return (self.error_data and self.error_data.details) or self.message or self.title or ""


class _Refusal(msgspec.Struct):
    error: GraphError


class _Named(msgspec.Struct):
    id: str | None = None


class _Taken(msgspec.Struct):
    messages: list[_Named] = []


class Read(NamedTuple):
    """An error of an answer, and what it means; None = no error object, or a code nobody has named."""

    error: GraphError | None
    meaning: Meaning | None


_refusal = msgspec.json.Decoder(_Refusal)
_taken = msgspec.json.Decoder(_Taken)


def meaning_of(code: int) -> Meaning | None:
    """The row of a code; 200 to 299 are one: a permission is missing."""
    return PERMISSIONS if 200 <= code <= 299 else MEANINGS.get(code)


def outcome_of(result: Result, now: datetime | None = None) -> Outcome:
    """The outcome of a send, from whatever became of its request; `now` is for a Retry-After that names a date."""
    if isinstance(result, NotSent):
        code = "busy" if result.code == "busy" else f"not_reached_{result.code}"
        fault = Fault.OURS if result.code == "busy" else Fault.PROVIDER
        return Refused(scope=Scope.LANE, code=code, text=redact(result.reason), fault=fault, before_send=True)
    if isinstance(result, MaybeSent):
        return Unknown(code=f"no_answer_{result.code}", text=redact(result.reason))
    return classify(result, now)


def classify(answer: Answer, now: datetime | None = None) -> Outcome:
    """The outcome a whole answer to a send stands for. 2xx without a message's id proves nothing."""
    if 200 <= answer.status < 300:
        return _sent(answer)
    wish = retry_after_seconds(answer.headers, now)
    error, meaning = read_error(answer)
    if meaning is not None and error is not None:
        text = sentence(error)
        if meaning.refusal is None:
            return Unknown(code=meaning.name, text=text)
        return msgspec.structs.replace(meaning.refusal, code=meaning.name, text=text, retry_after_seconds=wish)
    if answer.status == 429:
        return Refused(
            scope=Scope.LANE, code="too_many_requests", text="429: too many requests", retry_after_seconds=wish
        )
    if error is not None and 400 <= answer.status < 500:
        return Refused(scope=Scope.MESSAGE, code="refused_by_meta", text=sentence(error), retry_after_seconds=wish)
    said = sentence(error) if error is not None else f"{answer.status} without an error of Graph"
    return Unknown(code="unclear_answer" if answer.status < 500 else "gateway_error", text=said)


def _sent(answer: Answer) -> Outcome:
    try:
        taken = _taken.decode(answer.body)
    except UNREADABLE:
        taken = _Taken()
    for message in taken.messages:
        if message.id and message.id.isprintable():
            return Sent(provider_id=message.id)
    error, _ = read_error(answer)
    said = sentence(error) if error is not None else f"{answer.status} without a message's id"
    return Unknown(code="no_message_id", text=said)


def read_error(answer: Answer) -> Read:
    """The error object in an answer and its row of the table."""
    try:
        error = _refusal.decode(answer.body).error
    except UNREADABLE:
        return Read(None, None)
    return Read(error, meaning_of(error.code))


def sentence(error: GraphError) -> str:
    """An error for people: code, what to do, Meta's own words; without personal data.

    >>> sentence(GraphError(code=131056, message="Pair rate limit hit"))
    '131056: Too many messages to this person in a short time; it goes out later by itself. (Pair rate limit hit)'
    """
    meaning = meaning_of(error.code)
    words = meaning.advice if meaning is not None else "Meta refuses it with a code this version does not know."
    said = redact(error.said)[:_DETAIL_CHARS]
    return f"{error.code}: {words}" + (f" ({said})" if said else "")


def late_text(errors: Sequence[GraphError]) -> str | None:
    """The same for the errors of a failed status, the first of which counts."""
    return sentence(errors[0])[:_TEXT_CHARS] if errors else None


def late_refusal(errors: Sequence[GraphError]) -> Refused | None:
    """What the errors of a failed status stop besides their message; None = nothing, or nobody knows the code."""
    meaning = meaning_of(errors[0].code) if errors else None
    if meaning is None or meaning.refusal is None:
        return None
    return msgspec.structs.replace(meaning.refusal, code=meaning.name)


_SETTINGS: Mapping[str, str] = {
    "token_refused": "Set ANCLORA_CLOUD_TOKEN to a token of a system user, which does not expire.",
    "permission_missing": "The token needs whatsapp_business_messaging and whatsapp_business_management.",
}


def failure_of(answer: Answer, shown: str) -> AncloraError | None:
    """The error an answer to a call other than a send stands for; None for 2xx.

    Args:
        answer: what came.
        shown: Graph's URL for people.
    """
    if 200 <= answer.status < 300:
        return None
    error, meaning = read_error(answer)
    if error is None:
        return UnavailableError(f"{shown} answered {answer.status} and no error of Graph.", code="provider_unavailable")
    said = sentence(error)
    name = meaning.name if meaning is not None else ""
    if name == "token_refused":
        return UnauthorizedError(f"{shown}: {said} {_SETTINGS[name]}", code="provider_key_refused")
    if name == "permission_missing":
        return ForbiddenError(f"{shown}: {said} {_SETTINGS[name]}", code="provider_forbids")
    refusal = meaning.refusal if meaning is not None else None
    if answer.status < 500 and (refusal is None or refusal.permanent):
        return InvalidError(f"{shown} refuses this: {said}", code="provider_refuses")
    return UnavailableError(f"{shown} answered {answer.status}: {said}", code="provider_unavailable")


def redact(text: str) -> str:
    """A provider's words for logs and rows: short, one line, no phone number, no mail address."""
    line = text.replace("\0", "").strip().partition("\n")[0]
    return _NUMBERS.sub("…", _MAILS.sub("…", line)).strip()[:_TEXT_CHARS]
