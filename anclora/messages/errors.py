"""The refusals of this room, each with a stable code; `anclora/api/errors.py` maps the codes to HTTP."""

from collections.abc import Sequence
from uuid import UUID

from anclora.kit.errors import AncloraError, ConflictError, InvalidError, NotFoundError

_SHOWN = 100


class BulkError(InvalidError):
    """At least one row of an all-or-nothing bulk request is bad; nothing was stored."""

    code = "invalid_rows"

    def __init__(self, errors: Sequence[tuple[int, AncloraError]], total: int) -> None:
        shown = [{"index": index, "code": error.code, "detail": error.detail} for index, error in errors[:_SHOWN]]
        super().__init__(
            f"{len(errors)} of {total} messages cannot be accepted, so none was. Mend them, or ask for ?partial=true.",
            extra={"errors": shown},
        )


def key_conflict(what: str) -> ConflictError:
    """The same idempotency key or client_ref came with another body."""
    return ConflictError(
        f"{what} was used before with another body. Use a new one, or send the first body again.",
        code="idempotency_conflict",
    )


def no_message(message_id: UUID) -> NotFoundError:
    """No message has this id."""
    return NotFoundError(f"There is no message {message_id}.", code="message_not_found")
