"""The log: one JSON event a line, levels people can filter on, and nobody's words or numbers in it."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from anclora.kit.logging import EVENTS, configure_logging, get_logger
from anclora.kit.masking import masked, masked_text
from anclora.kit.metrics import REGISTRY

ID = "019aac5e-7a00-7000-8000-000000000001"


@pytest.fixture
def written() -> io.StringIO:
    """What a configured log writes."""
    configure_logging("INFO")
    stream = io.StringIO()
    [handler] = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    return stream


@pytest.fixture
def log(written: io.StringIO) -> Any:
    """A logger of it."""
    return get_logger("test")


def fail(words: str) -> None:
    raise ValueError(words)


def errors() -> float:
    return REGISTRY.get_sample_value("anclora_log_events_total", {"level": "error"}) or 0.0


def test_eleven_errors_are_eleven_by_the_filter_and_by_the_metric(log: Any, written: io.StringIO) -> None:
    before = errors()
    for number in range(5):
        log.error("something_broke", number=number)
    for number in range(5):
        logging.getLogger("a.library").error("it says %s", number)
    try:
        fail("no")
    except ValueError:
        log.exception("unforeseen")
    log.info("no error here: error, Error", text="an error")
    log.warning("expected_refusal", code="error")
    lines = written.getvalue().splitlines()
    assert len(lines) == 13
    assert sum('"ERROR"' in line for line in lines) == 11  # the playbook's filter: case-sensitive
    assert sum("ERROR" in line for line in lines) == 11
    assert sum('"level":"ERROR"' in line for line in lines) == 11
    assert errors() - before == 11
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert EVENTS is not None


def test_what_a_line_is_about_comes_along(log: Any, written: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1", message_id=ID, instance="sales"):
        log.info("something")
    line = json.loads(written.getvalue())
    assert (line["request_id"], line["message_id"], line["instance"], line["level"]) == ("r-1", ID, "sales", "INFO")


def test_a_collector_that_is_away_is_no_error(log: Any, written: io.StringIO) -> None:
    before = errors()
    logging.getLogger("opentelemetry.exporter.otlp").error("Failed to export span batch")
    assert json.loads(written.getvalue())["level"] == "WARNING"
    assert errors() == before


def nested(text: str) -> dict[str, Any]:
    return {"a": [{"text": text}, {"deep": {"caption": text}}]}


@pytest.mark.parametrize(
    "write",
    [
        lambda log: log.info("x", text="te espero a las ocho"),
        lambda log: log.info("x", body=nested("te espero a las ocho")),
        lambda log: log.info("x", raw=b"te espero a las ocho"),
        lambda log: log.info("x", to="+34600111222", recipient="34600111222", owner="600111222"),
        lambda log: log.info("x", path="/api/v1/contacts/+34600111222/opt-out"),
        lambda log: log.info("x", error="34600111222@s.whatsapp.net is not on WhatsApp"),
        lambda log: log.info("x", error="call +34 600 111 222 or 600 111 222"),
        lambda log: log.info("to 34600111222"),
        lambda log: logging.getLogger("lib").warning("row %s", ("34600111222",)),
        lambda log: log.info(
            "x", error="violates\nDETAIL:  Failing row contains (te espero a las ocho\n\n34600111222)."
        ),
        lambda log: log.info("x", error=repr(ValueError("no\nDETAIL:  Key (a)=(te espero a las ocho) exists."))),
    ],
)
def test_nobodys_words_and_numbers_are_written_down(
    log: Any, written: io.StringIO, write: Callable[[Any], None]
) -> None:
    write(log)
    assert written.getvalue()
    for secret in ("ocho", "600111222", "600 111 222"):
        assert secret not in written.getvalue()


def test_words_of_an_exception_are_masked_too(log: Any, written: io.StringIO) -> None:
    try:
        fail("34600111222 said no\nDETAIL:  Failing row contains (te espero a las ocho).")
    except ValueError:
        log.exception("unforeseen")
    line = json.loads(written.getvalue())
    assert "Traceback" in line["exception"]
    assert "600111222" not in line["exception"]
    assert "ocho" not in line["exception"]


@pytest.mark.parametrize(
    "text",
    [
        ID,
        "2026-11-27T16:49:10.123456Z",
        "2026-11-27 16:49:10",
        "192.168.100.200:5432",
        "http://127.0.0.1:35433/message/sendText/sales",
        "waited 12345678 ms",
        "v24.0 of 1.2.3",
        "3EB0C767D0963F9A1B2C",
        "wamid.HBgLMzQ2MDAxMTEyMjIVAgARGBI",
        "0021_watch",
    ],
)
def test_ids_moments_and_addresses_of_machines_stay(text: str) -> None:
    assert masked_text(text) == text


def test_keys_and_secrets_are_dots() -> None:
    assert masked("authorization", "Bearer x") == "…"
    assert masked("headers", {"X-API-Key": "ak_1234567890"}) == {"X-API-Key": "…"}
    assert "1234567890" not in masked_text("the key ak_1234567890abc is unknown")
    assert masked("count", 34600111222) == 34600111222
