"""Sentry: every ERROR of the log as an event, and the check-ins of chores. What is sent is masked as the log is.

Configured by the field's own variables: `SENTRY_DSN`, `SENTRY_ENVIRONMENT`, `SENTRY_RELEASE`. None of the SDK's
integrations that look into requests, arguments or local variables is used.
"""

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

import sentry_sdk
from sentry_sdk.crons import capture_checkin
from sentry_sdk.crons.consts import MonitorStatus
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import BadDsn, event_from_exception

from anclora.kit.errors import SetupError
from anclora.kit.masking import masked

_FLUSH_SECONDS = 2.0
_MINUTE_SECONDS = 60.0
_TAGS = ("request_id", "message_id", "instance", "loop", "code", "provider")
_LONGEST_MINUTES = 10


def scrubbed(event: Event, _hint: Hint) -> Event:
    """The event without anybody's words and whole numbers; its own ids and moments stay."""
    return {name: value if name in _PLAIN else masked(name, value) for name, value in event.items()}  # pyright: ignore[reportReturnType]


_PLAIN = frozenset({"event_id", "timestamp", "platform", "level", "sdk", "release", "environment", "check_in_id"})


class Handler(logging.Handler):
    """Reports what the log says at ERROR and above."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line of the log."""
        try:
            sentry_sdk.capture_event(event_of(record))
        except Exception:  # noqa: BLE001 - what reports errors must not make any; logging has its own net for it
            self.handleError(record)


def event_of(record: logging.LogRecord) -> Event:
    """A line of the log as an event: the words of the program name it, what it is about becomes tags and facts."""
    facts: Mapping[str, Any] = record.msg if isinstance(record.msg, dict) else {}
    words = str(facts.get("event") or record.getMessage())
    event: Event = {}
    error = sys.exc_info()
    if error[0] is not None:
        event, _ = event_from_exception(error, client_options=sentry_sdk.get_client().options)
    event["level"] = "fatal" if record.levelno >= logging.CRITICAL else "error"
    event["logger"] = record.name
    event["logentry"] = {"message": words, "params": []}
    event["tags"] = {name: str(facts[name]) for name in _TAGS if name in facts}
    event["extra"] = {name: value for name, value in facts.items() if name not in ("exception", "event", *_TAGS)}
    event["fingerprint"] = [record.name, words, error[0].__name__ if error[0] else ""]
    return event


class Sentry:
    """The collector behind a DSN.

    Args:
        dsn: as Sentry shows it.
        version: of this program, unless `SENTRY_RELEASE` says otherwise.
    """

    def __init__(self, dsn: str, *, version: str) -> None:
        try:
            sentry_sdk.init(
                dsn=dsn,
                release=None if _given_release() else f"anclora@{version}",
                default_integrations=False,
                auto_enabling_integrations=False,
                integrations=[AtexitIntegration(callback=_quietly), ExcepthookIntegration(), DedupeIntegration()],
                send_default_pii=False,
                include_local_variables=False,
                max_request_body_size="never",
                max_breadcrumbs=0,
                send_client_reports=False,
                auto_session_tracking=False,
                before_send=scrubbed,
                shutdown_timeout=_FLUSH_SECONDS,
            )
        except BadDsn as error:
            raise SetupError("SENTRY_DSN cannot be read; copy it from the project's settings in Sentry.") from error
        self._handler = Handler(logging.ERROR)
        logging.getLogger().addHandler(self._handler)

    def begin(self, chore: str, every_seconds: float) -> str:
        """A chore begins."""
        minutes = max(1, round(every_seconds / _MINUTE_SECONDS))
        return str(
            capture_checkin(
                monitor_slug=chore,
                status=MonitorStatus.IN_PROGRESS,
                monitor_config={
                    "schedule": {"type": "interval", "value": minutes, "unit": "minute"},
                    "checkin_margin": minutes,
                    "max_runtime": _LONGEST_MINUTES,
                },
            )
        )

    def end(self, chore: str, check_in: str, *, ok: bool, took_seconds: float) -> None:
        """It ended."""
        status = MonitorStatus.OK if ok else MonitorStatus.ERROR
        capture_checkin(monitor_slug=chore, check_in_id=check_in, status=status, duration=took_seconds)

    def close(self) -> None:
        """Send what is left, for two seconds."""
        logging.getLogger().removeHandler(self._handler)
        sentry_sdk.get_client().close(timeout=_FLUSH_SECONDS)


def _given_release() -> bool:
    return bool(os.environ.get("SENTRY_RELEASE"))


def _quietly(_pending: int, _timeout: float) -> None:
    """The SDK would print a sentence when it ends."""
