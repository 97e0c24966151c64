"""Cells of a sheet that no spreadsheet runs: one that begins like a formula gets an apostrophe in front (CWE-1236)."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe(text: str) -> str:
    """The text as it may be written to a sheet."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def unsafe(text: str) -> str:
    """The text that `safe` was given."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text
