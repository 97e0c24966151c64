"""Errors are values with a stable code: what happened, and what the reader can do about it.

Only the doors know HTTP; they map a code to a status (`anclora/api/errors.py`) or an exit code (`anclora/cli`).
"""

from collections.abc import Mapping
from typing import Any


class AncloraError(Exception):
    """An expected failure.

    Attributes:
        code: stable, snake_case; programs compare it.
        detail: one sentence that says what is wrong and what to do.
        extra: further members of the problem document, JSON values only.
    """

    code = "internal"

    def __init__(self, detail: str, *, code: str | None = None, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.extra = dict(extra or {})


class InvalidError(AncloraError):
    """The caller's input cannot be used as it is."""

    code = "invalid"


class NotFoundError(AncloraError):
    """There is no such thing."""

    code = "not_found"


class ConflictError(AncloraError):
    """The thing exists and its state forbids this."""

    code = "conflict"


class UnauthorizedError(AncloraError):
    """No key, or a key nobody knows."""

    code = "unauthorized"


class ForbiddenError(AncloraError):
    """The key is known and may not do this."""

    code = "missing_scope"


class UnavailableError(AncloraError):
    """A part we need is away for now; the same request may be sent again after `retry_after_seconds`."""

    code = "unavailable"

    def __init__(self, detail: str, *, code: str | None = None, retry_after_seconds: int = 5) -> None:
        super().__init__(detail, code=code)
        self.retry_after_seconds = retry_after_seconds


class SetupError(AncloraError):
    """The machine or the configuration lacks something; the program refuses to start and says what to do."""

    code = "setup"
