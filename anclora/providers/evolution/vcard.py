"""Cards of people, as phones write them (vCard 3.0)."""

import re

from anclora.providers.contract import Card

_CARD_LINE = re.compile(r"^(?:item\d+\.)?(TEL|FN|ORG|EMAIL|URL)([^:\r\n]*):([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_WAID = re.compile(r"waid=(\d+)", re.IGNORECASE)


def card_in(vcard: str | None, name: str | None) -> Card:
    """A card out of a vCard; `phone` is "" when it has none."""
    lines: dict[str, str] = {}
    phone = ""
    for field, options, value in _CARD_LINE.findall(vcard or ""):
        lines.setdefault(field.upper(), value.strip())
        if field.upper() == "TEL" and not phone:
            waid = _WAID.search(options)
            phone = waid[1] if waid else re.sub(r"\D", "", value)
    return Card(
        name=name or lines.get("FN") or "",
        phone=phone,
        organization=(lines.get("ORG") or "").strip(";") or None,
        email=lines.get("EMAIL") or None,
        url=lines.get("URL") or None,
    )
