"""What a text may hold, whichever field it stands in. Pure.

Poison is stopped here: NUL and lone surrogates cannot be stored as text by Postgres, and make Evolution API answer 400
after the message went out (contract 1.3).
"""

import re
from typing import Any

from anclora.kit.errors import InvalidError

_PICTURE = (
    r"[©®\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d"
    r"\u3297\u3299\U0001f000-\U0001faff]"
)
_SHADE = r"(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?"
# UTS 51: a flag, a keycap, or pictures joined into one, perhaps with a region's tags.
_ONE_EMOJI = re.compile(
    rf"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3"
    rf"|{_PICTURE}{_SHADE}(?:\u200d{_PICTURE}{_SHADE})*[\U000e0020-\U000e007f]*"
)


def clean(name: str, value: str | None, longest: int) -> str | None:
    """A text as it came, when it may be stored and is not too long. Raises `InvalidError` with its name."""
    if value is None:
        return None
    storable(name, value)
    if len(value) > longest:
        raise InvalidError(
            f"{name} has {len(value)} characters; {longest} are allowed. Shorten it or send two messages.",
            code="too_long",
        )
    return value


def storable(name: str, value: str) -> None:
    """Raise `InvalidError` when a text holds what none may."""
    if "\x00" in value:
        raise InvalidError(f"{name} holds a NUL character; remove it.", code="invalid_text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidError(
            f"{name} holds half of a surrogate pair; send whole characters.", code="invalid_text"
        ) from error


def all_storable(name: str, value: Any) -> None:
    """The same of every text inside a value of plain JSON parts."""
    if isinstance(value, str):
        storable(name, value)
    elif isinstance(value, dict):
        for key, item in value.items():
            all_storable(f"{name}.{key}", item)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            all_storable(f"{name}[{place}]", item)


def needed(name: str, value: str | None, longest: int) -> str:
    """A text that must say something."""
    text = clean(name, value, longest)
    if not text or not text.strip():
        raise InvalidError(f"{name} is empty; write something into it.", code="empty_text")
    return text


def line(name: str, value: str | None, longest: int) -> str | None:
    """A text of one line, or None when it says nothing."""
    text = clean(name, value, longest)
    if text is None or not text.strip():
        return None
    if "\n" in text or "\r" in text:
        raise InvalidError(f"{name} must be one line.", code="invalid_text")
    return text


def emoji(name: str, value: str) -> str:
    """One emoji, or nothing."""
    if value and _ONE_EMOJI.fullmatch(value) is None:
        raise InvalidError(f"{name} must be one emoji, or empty to take the reaction back.", code="invalid_emoji")
    return value
