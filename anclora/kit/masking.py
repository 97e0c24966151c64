"""What must not leave the process in logs, traces and error reports: people's words and whole phone numbers. Pure.

By structure first: whatever stands under a name that means words, or an address of a person, is masked however deep it
lies. Then by form: a run of digits that can be a phone number is masked wherever it stands, and so is what Postgres
tells of the values of a row. Ids, counts, moments and network addresses stay.
"""

import re
from collections.abc import Mapping
from typing import Any

_WORDS = frozenset(
    {"text", "body", "caption", "content", "words", "said", "payload", "draft", "raw", "footer", "title", "fingerprint"}
)
_ADDRESSES = frozenset(
    {
        "phone",
        "to",
        "recipient",
        "recipients",
        "owner",
        "number",
        "numbers",
        "jid",
        "address",
        "sender",
        "wa_id",
        "person",
    }
)
_SECRETS = frozenset(
    {"secret", "token", "password", "authorization", "apikey", "api_key", "x-api-key", "cookie"}
    | {"vars"}  # the local variables of a frame: anything may be in them
)
_PHONE = re.compile(
    r"(?<![\w.:+-])(?:\+\d[\d ().-]{7,20}\d|\d{9,15}|\d{2,4}(?:[ -]\d{2,4}){2,4})(?=@|(?![\w:-]|\.\d))(?:@[\w.]+)?"
)
_KEYS = re.compile(r"\bak_[A-Za-z0-9_-]{8,}")
# To the end of one exception's words: a row may hold any character, a line's end too.
_ROW_VALUES = re.compile(r"(?<![A-Z])(DETAIL|CONTEXT):.*?(?=\n\n(?:During handling|The above exception)|\Z)", re.DOTALL)
_LEAST_DIGITS, _MOST_DIGITS = 9, 15
_DEEPEST = 16
_DOTS = "…"


def mask_phone(phone: str) -> str:
    """A phone number for logs: the country and the last two digits."""
    return f"{phone[:3]}…{phone[-2:]}" if len(phone) > 5 else _DOTS


def masked_text(text: str) -> str:
    """The text without what can be a phone number, an API key or the values of a row."""
    if ":" in text:
        text = _ROW_VALUES.sub(r"\1: …", text)
    if "ak_" in text:
        text = _KEYS.sub("ak_…", text)
    return _PHONE.sub(_mask_found, text)


def masked(name: str, value: Any, depth: int = 0) -> Any:
    """A value as it may be written down under this name."""
    if name.lower() in _SECRETS or (depth > _DEEPEST and not isinstance(value, int | float)):
        return _DOTS
    if isinstance(value, str):
        return _masked_word(name, value)
    if isinstance(value, Mapping):
        return {key: masked(str(key), each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(name, each, depth + 1) for each in value]
    return f"({len(value)} bytes)" if isinstance(value, bytes | bytearray | memoryview) else value


def _masked_word(name: str, value: str) -> str:
    if name in _WORDS:
        return f"({len(value)} characters)"
    if name in _ADDRESSES and _DOTS not in value:
        return mask_phone(value)
    return masked_text(value)


def _mask_found(found: re.Match[str]) -> str:
    whole = found.group()
    digits = sum(character.isdigit() for character in whole.partition("@")[0])
    return mask_phone(whole.partition("@")[0]) if _LEAST_DIGITS <= digits <= _MOST_DIGITS else whole
