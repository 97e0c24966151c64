"""The countries where one phone has two spellings, whatever the provider.

WhatsApp may answer about another spelling than the one asked for: Brazil with or without the ninth digit, Mexico with
or without the 1, Argentina with or without the 9 (Evolution's `createJid` and its number cache do the same).
"""

_NINE = "9"


def variants(number: str) -> tuple[str, ...]:
    """Every spelling of a number WhatsApp may know it by, the given one first."""
    other = None
    if number.startswith("55") and len(number) == 13 and number[4] == _NINE:
        other = number[:4] + number[5:]
    elif number.startswith("55") and len(number) == 12:
        other = number[:4] + _NINE + number[4:]
    else:
        for country, extra in (("52", "1"), ("54", _NINE)):
            if number.startswith(country + extra) and len(number) == 13:
                other = country + number[3:]
            elif number.startswith(country) and len(number) == 12:
                other = country + extra + number[2:]
    return (number, other) if other else (number,)
