"""The nouns of costs. Pure."""

from datetime import date, datetime

import msgspec


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """What something cost in two months, in millionths of the currency: Amazon bills fractions of a cent.

    `unblended` is what was charged, `amortized` what it cost with reservations spread over their time.
    """

    unblended_micros: int = 0
    amortized_micros: int = 0
    unblended_before_micros: int = 0
    amortized_before_micros: int = 0

    def __add__(self, other: "Money") -> "Money":
        """Both together."""
        return Money(
            unblended_micros=self.unblended_micros + other.unblended_micros,
            amortized_micros=self.amortized_micros + other.amortized_micros,
            unblended_before_micros=self.unblended_before_micros + other.unblended_before_micros,
            amortized_before_micros=self.amortized_before_micros + other.amortized_before_micros,
        )


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A service or a value of the tag, and what it cost. "" = untagged."""

    name: str
    money: Money


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One group of Cost Explorer's answer, of one month."""

    month: date
    service: str
    tag: str
    unblended_micros: int
    amortized_micros: int
    currency: str
    estimated: bool


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A month beside the one before; each begins with its first day and ends before the next one's, in UTC.

    Attributes:
        currency: ISO 4217, as Amazon bills.
        delivered: messages that were delivered in the month; `delivered_before` in the one before.
        per_thousand_micros: amortized cost of 1,000 delivered messages; None = none was delivered.
        estimated: Amazon has not closed the bill yet (it takes up to the 5th or so).
        asked_at: when Cost Explorer was asked.
    """

    month: date
    month_before: date
    currency: str
    total: Money
    services: tuple[Line, ...]
    tag: str
    tags: tuple[Line, ...]
    delivered: int
    delivered_before: int
    per_thousand_micros: int | None
    per_thousand_before_micros: int | None
    estimated: bool
    asked_at: datetime
