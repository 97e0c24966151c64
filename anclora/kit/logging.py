"""JSON logs, one event a line; `"level":"ERROR"` in capitals, because people filter on it.

No message text and no full phone number is ever logged; ids are.
"""

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, FilteringBoundLogger


def _capital_level(_logger: Any, _method: str, event: EventDict) -> EventDict:
    event["level"] = str(event.get("level", "info")).upper()
    return event


def configure_logging(level: str = "INFO") -> None:
    """Send every log line of the process, the libraries' included, to stderr as JSON."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _capital_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger of structured events: `log.info("message_sent", message_id=…)`."""
    return structlog.get_logger(name)


def mask_phone(phone: str) -> str:
    """A phone number for logs: the country and the last two digits."""
    return f"{phone[:3]}…{phone[-2:]}" if len(phone) > 5 else "…"
