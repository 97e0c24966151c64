"""Money: whole minor units of a currency, read from what people write and shown as they read it. Pure, never floats."""

import re

from anclora.kit.errors import InvalidError

# Sums of millions of them still fit eight bytes, and one fits what JSON's readers hold exactly (2^53).
MOST_MINOR = 10**15
_SHAPE = re.compile(r"(\d{1,18})(?:\.(\d{1,8}))?")


def read_minor(value: str | float, currency: str, exponent: int) -> int:
    """The minor units of a value such as `"1250.50"` or 1250.

    Args:
        value: units with a decimal point, or whole units. A JSON number with a point is refused: it is no exact value.
        currency: for the sentence.
        exponent: digits behind the point (ISO 4217).

    Raises:
        InvalidError: `invalid_value`: no such number, negative, too large, or finer than the currency.
    """
    if isinstance(value, float):
        raise _bad('Write value as text, such as "1250.50": a JSON number with a point is not exact.')
    found = _SHAPE.fullmatch(str(value).strip())
    if found is None or not found[0].isascii():
        raise _bad(
            f'{str(value)[:40]!r} is no value. Write it with a decimal point and nothing else, such as "1250.50".'
        )
    whole, fraction = found[1], (found[2] or "").rstrip("0")
    if len(fraction) > exponent:
        raise _bad(f"{currency} has {exponent} digits behind the point, and {found[0]} has more.")
    minor = int(whole) * 10**exponent + int(fraction.ljust(exponent, "0") or "0")
    if minor >= MOST_MINOR:
        raise _bad(f"{found[0]} {currency} is more than is kept here.")
    return minor


def show_minor(minor: int, exponent: int) -> str:
    """The value as people write it: `"1250.50"`, `"-3"` where the currency has no minor unit."""
    whole, rest = divmod(abs(minor), 10**exponent)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{rest:0{exponent}d}" if exponent else f"{sign}{whole}"


def _bad(why: str) -> InvalidError:
    return InvalidError(why, code="invalid_value")
