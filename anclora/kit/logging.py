"""JSON logs, one event a line; `"level":"ERROR"` in capitals, because people filter on it.

ERROR means that a person should look. What a caller did wrong and what a part that is away refuses is expected, and is
no ERROR. No message text and no full phone number is ever logged, whoever writes the line: see `masking`. Ids are.
"""

import logging
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

from anclora.kit.masking import mask_phone, masked
from anclora.kit.metrics import counter

__all__ = ["EVENTS", "configure_logging", "get_logger", "mask_phone"]

EVENTS = counter("log_events", "Lines of the log, by level", ("level",))
_LEVELS = ("debug", "info", "warning", "error", "critical")
_COUNTS = {name.upper(): EVENTS.labels(name) for name in _LEVELS}
_OTHERS = EVENTS.labels("other")
_COLLECTORS = ("opentelemetry.", "sentry_sdk.", "urllib3.")
_OURS = frozenset({"level", "timestamp", "request_id"})  # never anybody's words


def _capital_level(_logger: Any, _method: str, event: EventDict) -> EventDict:
    event["level"] = str(event.get("level", "info")).upper()
    return event


def _mask(_logger: Any, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if name not in _OURS and not name.startswith("_"):
            event[name] = masked(name, value)
    return event


def _expected(record: logging.LogRecord) -> bool:
    """A collector that is away is no reason for anybody to look at this program."""
    if record.levelno >= logging.ERROR and record.name.startswith(_COLLECTORS):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


class CountingHandler(logging.StreamHandler[TextIO]):
    """Writes the lines and counts them, so that the count is what can be counted in the file."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        super().emit(record)
        _COUNTS.get(record.levelname, _OTHERS).inc()


def configure_logging(level: str = "INFO") -> None:
    """Send every log line of the process, the libraries' included, to stderr as JSON."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _capital_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    handler = CountingHandler(sys.stderr)
    handler.addFilter(_expected)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Compact, as people grep for it: "level":"ERROR".
                structlog.processors.JSONRenderer(separators=(",", ":")),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger of structured events: `log.info("message_sent", message_id=…)`."""
    return structlog.get_logger(name)
