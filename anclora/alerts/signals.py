"""What alerts hand on: a signal that something is wrong, or no longer. Who takes it decides whom it wakes."""

from typing import Protocol

from anclora.incidents import Signal
from anclora.kit.logging import get_logger
from anclora.storage.database import Connection

log = get_logger(__name__)


class Signals(Protocol):
    """Takes signals: incidents do. The same one may come again and again, and must then change nothing."""

    async def raised(self, conn: Connection, signal: Signal) -> None:
        """It is so now; kept in the caller's transaction."""
        ...

    async def cleared(self, conn: Connection, signal: Signal) -> None:
        """It is over since `ends_at`."""
        ...


class LoggedSignals:
    """Where nobody takes signals they are at least in the log."""

    async def raised(self, conn: Connection, signal: Signal) -> None:  # noqa: ARG002 - others store it
        """Write it down."""
        log.warning("alert_firing", alert=signal.name, about=dict(signal.labels), summary=signal.summary)

    async def cleared(self, conn: Connection, signal: Signal) -> None:  # noqa: ARG002 - others store it
        """Write it down."""
        log.info("alert_over", alert=signal.name, about=dict(signal.labels))
