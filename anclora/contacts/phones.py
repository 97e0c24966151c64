"""Phone numbers as people write them, and as the ledger keeps them."""

from functools import lru_cache

import phonenumbers

from anclora.kit.errors import InvalidError


@lru_cache(maxsize=50_000)
def phone_digits(raw: str, region: str) -> str:
    """The digits of a number in E.164, without the plus.

    Args:
        raw: international with or without plus, or national of `region`.
        region: two-letter country code.

    Raises:
        InvalidError: it is no possible phone number.
    """
    text = raw.strip()
    if len(text) > 40 or any(char.isalpha() for char in text):
        raise InvalidError("The phone number is malformed. Write it as +34600111222.", code="invalid_phone")
    candidates = [text] if text.startswith("+") else [text, f"+{text}"]
    for candidate in candidates:
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    raise InvalidError(
        f"This is no valid phone number. Write it as +34600111222 (or national of {region}).", code="invalid_phone"
    )
