"""Traces, as the rest of the program sees them: off unless the field's own variables name a collector.

One trace for each message: its id is the message's id, so whoever handles the message, in whatever process and however
much later, adds to the same trace without having been handed anything. Which messages are traced follows from the id
too. Off costs a look at one name; what would send traces is then not even loaded.
"""

import importlib
import os
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

Value = str | int | float | bool
Kind = Literal["internal", "server", "client", "consumer"]
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class RequestSpan(Protocol):
    """A request that is being traced."""

    def end(self, name: str, attributes: Mapping[str, Value]) -> None:
        """It was answered."""
        ...


class Traces(Protocol):
    """What can be told of messages and requests: `anclora.kit.otel.Exported`."""

    def wants(self, message_id: UUID) -> bool:
        """Whether this message is traced."""
        ...

    def tell(
        self,
        message_id: UUID,
        name: str,
        *,
        began: datetime,
        ended: datetime,
        kind: Kind = "internal",
        first: bool = False,
        failed: str | None = None,
        attributes: Mapping[str, Value],
    ) -> None:
        """One step of a message that is over; `first` = that from which the others follow; `failed` = why."""
        ...

    def request(self, traceparent: str | None) -> RequestSpan | None:
        """A request begins; None = it is not traced."""
        ...

    def close(self) -> None:
        """Send what is left, bounded."""
        ...


active: Traces | None = None
REQUEST: ContextVar[RequestSpan | None] = ContextVar("traced_request", default=None)


def start_tracing(*, version: str) -> Traces | None:
    """Begin to trace, when the environment names a collector; None = it does not."""
    wanted = any(os.environ.get(name) for name in _ENDPOINTS)
    if not wanted or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    # Loaded only where it is wanted: it costs every start of every command a fifth of a second.
    module: Any = importlib.import_module("anclora.kit.otel")
    return use(module.Exported(version=version))


def use(traces: Traces | None) -> Traces | None:
    """From now on tell these; None = nobody."""
    global active  # noqa: PLW0603 - one for the process, as the registry of metrics is, and as cheap to ask for
    active = traces
    return traces
