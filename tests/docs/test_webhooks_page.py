"""The check that the page about webhooks shows does what it says, on what is really sent."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anclora.events import EventType
from anclora.kit.signing import new_secret, signature

PAGE = Path(__file__).parent.parent.parent / "docs" / "howto" / "webhooks.md"
NOW = 1_769_850_000


def shown() -> Callable[..., bool]:
    """The function of the page."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own page
    return names["is_from_anclora"]


def headers(*secrets: str, body: bytes = b"[]") -> dict[str, str]:
    return {
        "webhook-id": "batch_1",
        "webhook-timestamp": str(NOW),
        "webhook-signature": signature(secrets, "batch_1", NOW, body),
    }


def test_what_we_sign_passes_with_either_secret() -> None:
    check, old, new = shown(), new_secret(), new_secret()
    for secret in (old, new):
        assert check(secret, headers(new, old), b"[]", now=NOW + 10)


def test_anything_else_does_not() -> None:
    check, secret = shown(), new_secret()
    good = headers(secret)
    assert not check(new_secret(), good, b"[]", now=NOW)
    assert not check(secret, good, b"[ ]", now=NOW)
    assert not check(secret, good, b"[]", now=NOW + 301)
    assert not check(secret, good | {"webhook-id": "batch_2"}, b"[]", now=NOW)
    assert not check(secret, good | {"webhook-timestamp": str(NOW + 1)}, b"[]", now=NOW)


def test_every_type_is_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [each.value for each in EventType if f"`{each.value}`" not in text and each is not EventType.HOOK_TEST] == []
