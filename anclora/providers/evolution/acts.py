"""What becomes of the acts on earlier messages, and of the number check, whose errors have forms of their own."""

from collections.abc import Sequence
from typing import Any

from anclora.kit.errors import AncloraError, UnavailableError
from anclora.kit.wire import Answer
from anclora.providers.contract import Fault, Outcome, Refused, Scope, Sent, Target, Unknown
from anclora.providers.evolution.errors import failure_of, message_of, redact
from anclora.providers.evolution.jids import number_of, same_recipient

# Said before anything left the server (recordings of updateMessage and deleteMessageForEveryone).
_NEVER = (
    "Message not compatible",
    "RemoteJid does not match",
    "Method not available on WhatsApp Business API",
    "Method not available on Evolution Channel",
)
_NOT_CONNECTED = ("Connection Closed", "Cannot read properties of undefined")


def outcome_of(answer: Answer, target: Target) -> Outcome:
    """How an edit or a deletion ended. `Sent` names the message that was changed: its id stays."""
    if 200 <= answer.status < 300:
        return Sent(provider_id=target.provider_id)
    _, texts = message_of(answer)
    said = redact(" / ".join(texts)) or f"answered {answer.status}"
    if any(text in _NEVER for text in texts):
        return Refused(scope=Scope.MESSAGE, code="not_changeable", text=said, permanent=True, fault=Fault.CALLER)
    if answer.status == 500 and any(word in said for word in _NOT_CONNECTED):
        return Refused(scope=Scope.LANE, code="connection_closed", text=said)
    if answer.status in (401, 403, 404):
        return Refused(scope=Scope.LANE, code="provider_refuses", text=said, fault=Fault.OURS)
    if answer.status == 400 and not any(text.startswith(("Error: ", "TypeError", "Prisma")) for text in texts):
        return Refused(scope=Scope.MESSAGE, code="invalid_request", text=said, permanent=True, fault=Fault.CALLER)
    return Unknown(code="unclear_answer", text=said)


def unanswered(error: UnavailableError) -> Outcome:
    """No whole answer came: the request may have reached the server."""
    return Unknown(code="no_answer", text=error.detail)


def numbers_failure(answer: Answer, shown: str, instance: str) -> AncloraError | None:
    """Why a number check failed; a closed connection comes as a bare 400 (`{}` or a serialised Boom)."""
    if answer.status == 400 and (b'"isBoom"' in answer.body or answer.body.strip() == b"{}"):
        return UnavailableError(f"{instance} is not connected, so nobody can be asked.", code="not_connected")
    return failure_of(answer, shown, instance)


def numbers_in(rows: Any, numbers: Sequence[str]) -> dict[str, str | None]:
    """The answers by number asked; the server answers in an order of its own, and under `number` as it was sent.

    Raises:
        UnavailableError: a number was not answered, so the answer is another one's.
    """
    found: dict[str, str | None] = {}
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and isinstance(row.get("number"), str):
            found[row["number"]] = number_of(str(row.get("jid"))) if row.get("exists") is True else None
    missing = [number for number in numbers if number not in found]
    for number in missing:  # a cache of the server answers under the number it knows
        same = next((asked for asked in found if same_recipient(asked, number)), None)
        if same is None:
            raise UnavailableError("The provider left a number unanswered; ask again.", code="incomplete_answer")
        found[number] = found[same]
    return {number: found[number] for number in numbers}
