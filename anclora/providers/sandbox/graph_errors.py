"""What Graph answers when it refuses, as data: from the recordings where they have it, else `documented only`.

`source` names the recording (group/file) whose `upstream_graph_calls` hold the answer word for word; a test compares.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

DOCUMENTED = "documented only"
_TRACE = "AbCdEfGhIjKlMnOpQrStUvW"


class GraphRefusal(NamedTuple):
    """One refusal: HTTP status, words, and where they are from."""

    status: int
    message: str
    details: str | None
    source: str = DOCUMENTED


REFUSALS: Mapping[int, GraphRefusal] = {
    131026: GraphRefusal(
        400, "Message undeliverable", "Message Undeliverable.", "send_business/015-text-graph-error-131026"
    ),
    131047: GraphRefusal(
        400,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
        "send_business/016-text-graph-error-131047",
    ),
    80007: GraphRefusal(
        400,
        "Rate limit issues",
        "The WhatsApp Business Account has reached its rate limit.",
        "send_business/019-text-graph-error-80007",
    ),
    131000: GraphRefusal(
        500,
        "Something went wrong",
        "Message failed to send due to an unknown error.",
        "send_business/021-text-graph-error-131000",
    ),
    131049: GraphRefusal(
        400,
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
        "send_business/022-text-graph-error-131049",
    ),
    368: GraphRefusal(
        403,
        "Temporarily blocked for policies violations",
        "The WhatsApp Business Account associated with the app has been restricted.",
        "send_business/026-text-graph-error-368",
    ),
    131031: GraphRefusal(
        403,
        "Business Account locked",
        "Business account has been locked",
        "send_business/027-text-graph-error-131031",
    ),
    130429: GraphRefusal(
        400,
        "Rate limit hit",
        "Message failed to send because too many were sent from this phone number.",
    ),
    131048: GraphRefusal(400, "Spam rate limit hit", "There are restrictions on how many messages may be sent."),
    131056: GraphRefusal(400, "(Business Account, Consumer Account) pair rate limit hit", "Too many messages to it."),
    131008: GraphRefusal(400, "Required parameter is missing", "A parameter is missing."),
    131016: GraphRefusal(500, "Service unavailable", "A service is temporarily unavailable."),
    131051: GraphRefusal(400, "Unsupported message type", "Message type is not currently supported."),
    131053: GraphRefusal(400, "Media upload error", "Unable to upload the media used in the message."),
    132000: GraphRefusal(400, "Number of parameters does not match the expected number of params", None),
    132001: GraphRefusal(404, "Template name does not exist in the translation", "The template does not exist."),
    132015: GraphRefusal(400, "Template is Paused", "The template is paused due to low quality."),
    132016: GraphRefusal(400, "Template is Disabled", "The template was paused too often."),
    133010: GraphRefusal(400, "Phone number Not Registered", "The phone number is not registered."),
    190: GraphRefusal(401, "Invalid OAuth access token.", None),
    200: GraphRefusal(403, "Permissions error", None),
    10: GraphRefusal(403, "Application does not have permission for this action", None),
    4: GraphRefusal(400, "Application request limit reached", None),
    1: GraphRefusal(400, "An unknown error occurred", None),
    2: GraphRefusal(503, "An unexpected error has occurred. Please retry your request later.", None),
    100: GraphRefusal(400, "Invalid parameter", None),
}
# Recorded too, but for a file: the words name what is wrong.
NO_SUCH_FILE = "Param file must be a file with one of the following types: audio/aac, image/jpeg ..."


def error_body(code: int, *, message: str | None = None, subcode: int | None = None) -> dict[str, Any]:
    """The error object around a code."""
    known = REFUSALS[code]
    error: dict[str, Any] = {"message": f"(#{code}) {message or known.message}", "type": "OAuthException", "code": code}
    if known.details is not None and message is None:
        error["error_data"] = {"messaging_product": "whatsapp", "details": known.details}
    if subcode is not None:
        error["error_subcode"] = subcode
    return {"error": error | {"fbtrace_id": _TRACE}}


def late_error(code: int) -> dict[str, Any]:
    """The same in a failed status (recording status_meta/006-status-failed)."""
    known = REFUSALS[code]
    return {
        "code": code,
        "title": known.message,
        "message": known.message,
        "error_data": {"details": known.details or known.message},
    }
