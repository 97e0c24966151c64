"""Conversions as a sheet: read from CSV as people save it, written so that no cell is taken for a formula. Pure.

A cell that begins like a formula is run by spreadsheets (CWE-1236): such cells are written with an apostrophe in front,
which they show as text, and read back without it.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from anclora.conversions.model import Wish
from anclora.conversions.money import show_minor
from anclora.kit.cells import safe, unsafe
from anclora.kit.errors import InvalidError

COLUMNS = tuple(Wish.__struct_fields__)
EXPORTED = (
    "id", "original_id", "event", "kind", "contact", "value", "currency", "occurred_at", "external_id", "message_id",
    "campaign_id", "note", "source", "recorded_at", "recorded_by",
)  # fmt: skip
MOST_LINES = 10_000
_DAY_CHARS = 10
_OURS = ("id", "original_id", "value", "occurred_at", "recorded_at", "contact")


class Line(msgspec.Struct, frozen=True):
    """A line of a sheet: its number as an editor shows it, and what it asks for or why that is unreadable."""

    number: int
    wish: Wish | InvalidError


def read_sheet(body: bytes, zone: str) -> list[Line]:
    """The lines of a CSV file in UTF-8, separated by commas or semicolons, its first line the names of columns.

    Args:
        body: the file.
        zone: IANA zone of moments without an offset; a day alone means its first moment there.

    Raises:
        InvalidError: it is no such file: nothing of it can be used.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidError("The sheet is not UTF-8. Save it as CSV UTF-8.", code="not_utf8") from error
    if "\0" in text:
        raise InvalidError("The sheet holds NUL; it is no CSV.", code="bad_sheet")
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        return list(_lines(rows, ZoneInfo(zone)))
    except csv.Error as error:
        raise InvalidError(f"The sheet cannot be read: {error}.", code="bad_sheet") from error


def _lines(rows: Any, zone: ZoneInfo) -> Iterator[Line]:
    names = [cell.strip().lower() for cell in next(rows, [])]
    _check_head(names)
    begun = rows.line_num + 1
    for count, cells in enumerate(rows, 1):
        if count > MOST_LINES:
            raise InvalidError(f"A sheet may have {MOST_LINES:,} lines. Send it in several.", code="too_complex")
        if any(cell.strip() for cell in cells):
            yield Line(begun, _wish(names, cells, zone))
        begun = rows.line_num + 1


def _check_head(names: Sequence[str]) -> None:
    unknown = sorted(set(names) - set(COLUMNS))
    twice = len(set(names)) < len(names)
    if unknown or twice or "kind" not in names:
        why = f"There is no column {unknown[0][:40]!r}." if unknown else "The first line must name kind, and each once."
        raise InvalidError(f"{why} Columns are: {', '.join(COLUMNS)}.", code="bad_sheet")


def _wish(names: Sequence[str], cells: Sequence[str], zone: ZoneInfo) -> Wish | InvalidError:
    if len(cells) > len(names):
        return InvalidError(
            f"It has {len(cells)} cells, and there are {len(names)} columns. Put quotes around a cell with a separator "
            "in it, and write values with a point.",
            code="bad_line",
        )
    given: dict[str, Any] = {name: _plain(cell) for name, cell in zip(names, cells, strict=False) if cell.strip()}
    try:
        if "occurred_at" in given:
            given["occurred_at"] = _moment(given["occurred_at"], zone)
        return msgspec.convert(given, Wish)
    except msgspec.ValidationError as error:
        return InvalidError(f"{error}.".replace("$.", ""), code="schema")
    except InvalidError as error:
        return error


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        if len(text) <= _DAY_CHARS:
            return datetime.combine(date.fromisoformat(text), time(), zone)
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            f"occurred_at {text[:40]!r} is no day (2026-01-31) and no moment (2026-01-31T09:00:00+01:00).",
            code="invalid_moment",
        ) from error


def write_sheet(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of `export_conversions` as CSV."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow(EXPORTED)
    for row in rows:
        contact = row["phone"] or str(row["contact_id"])
        value = None if row["amount"] is None else show_minor(row["amount"], row["exponent"])
        shown = {**row, "contact": contact, "value": value}
        writer.writerow(_cell(name, shown[name]) for name in EXPORTED)
    return sheet.getvalue()


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return text if name in _OURS else safe(text)


def _plain(cell: str) -> str:
    return unsafe(cell.strip())
