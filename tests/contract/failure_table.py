"""Reads `evolution_failures.toml` and finds the row of an answer, with a reading of the message of its own."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anclora.providers.contract import Outcome, Refused, Scope, Sent

ROWS: Sequence[Mapping[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "evolution_failures.toml").read_text(encoding="utf-8")
)["row"]


def words_of(body: Any) -> tuple[str, list[str]]:
    """Shape and texts of the message of an error body."""
    message = body["response"]["message"] if isinstance(body, dict) and "response" in body else None
    if isinstance(message, str):
        return "text", [message]
    if not isinstance(message, list) or not message:
        return "none", []
    first = message[0]
    if isinstance(first, str):
        return "list", list(message)
    if isinstance(first, list):
        return "nested", [text for inner in message for text in inner]
    return "objects", ["exists:false" if item.get("exists") is False else "" for item in message]


def row_of(status: int, body: Any) -> Mapping[str, Any] | None:
    """The first row that fits an answer that is no 2xx; None when the table does not know it."""
    shape, texts = words_of(body)
    for row in ROWS:
        if row["status"] in (0, status) and row["shape"] in ("any", shape) and _fits(row, texts):
            return row
    return None


def _fits(row: Mapping[str, Any], texts: Sequence[str]) -> bool:
    for how, test in (("is", str.__eq__), ("begins", str.startswith), ("has", str.__contains__)):
        if how in row:
            return bool(texts) and all(any(test(text, wanted) for wanted in row[how]) for text in texts)
    return True


def expected(status: int, body: Any) -> str | None:
    """What an answer to a send must come out as; None = the table does not know it."""
    if 200 <= status < 300:
        key = body.get("key") if isinstance(body, dict) else None
        return "sent" if isinstance(key, dict) and key.get("id") else "unknown"
    row = row_of(status, body)
    return None if row is None else row["expect"]


def name_of(outcome: Outcome) -> str:
    """An outcome in the words of the table."""
    if isinstance(outcome, Sent):
        return "sent"
    if not isinstance(outcome, Refused):
        return "unknown"
    if outcome.permanent:
        return "permanent"
    return {Scope.LANE: "lane", Scope.MESSAGE: "message"}.get(outcome.scope, str(outcome.scope))


def error_body(status: int, message: Any) -> bytes:
    """The envelope every error comes in."""
    return json.dumps({"status": status, "error": "Any", "response": {"message": message}}).encode()
