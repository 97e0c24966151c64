"""Months, and what is made of Cost Explorer's answer. Pure; the clock is passed in.

Sources: AWS Cost Explorer API, GetCostAndUsage: `End` is exclusive; amounts are decimal texts; the key of a tag's group
is `name$value`, with nothing behind the `$` where there is no such tag.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from anclora.costs.model import Charge, Line, Money
from anclora.kit.errors import UnavailableError

METRICS = ("UnblendedCost", "AmortizedCost")  # never BlendedCost
MICROS = 1_000_000


def months(today: date) -> tuple[date, date, date]:
    """First days of the month before the last full one, of the last full one, and of the present one."""
    this = today.replace(day=1)
    last = _before(this)
    return _before(last), last, this


def _before(first: date) -> date:
    return first.replace(year=first.year - 1, month=12) if first.month == 1 else first.replace(month=first.month - 1)


def question(today: date, tag: str) -> dict[str, Any]:
    """What Cost Explorer is asked: both months in one."""
    start, _, end = months(today)
    return {
        "TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()},
        "Granularity": "MONTHLY",
        "Metrics": list(METRICS),
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "TAG", "Key": tag}],
    }


def charges_in(results: Iterable[Mapping[str, Any]]) -> list[Charge]:
    """Every group of `ResultsByTime`.

    Raises:
        UnavailableError: the answer is not what Amazon documents (`costs_not_understood`).
    """
    found: list[Charge] = []
    try:
        for result in results:
            month = date.fromisoformat(result["TimePeriod"]["Start"])
            for group in result.get("Groups", ()):
                unblended, amortized = (group["Metrics"][name] for name in METRICS)
                service, tag = group["Keys"]
                found.append(
                    Charge(
                        month=month,
                        service=service,
                        tag=tag.partition("$")[2],
                        unblended_micros=_micros(unblended["Amount"]),
                        amortized_micros=_micros(amortized["Amount"]),
                        currency=unblended["Unit"],
                        estimated=bool(result.get("Estimated")),
                    )
                )
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise UnavailableError(
            f"Cost Explorer's answer cannot be read ({error!r}).", code="costs_not_understood"
        ) from error
    return found


def _micros(amount: str) -> int:
    return int((Decimal(amount) * MICROS).to_integral_value())


def currency_of(charges: Sequence[Charge]) -> str:
    """The one currency of the bill; USD when there is no charge.

    Raises:
        UnavailableError: there are several, which cannot be added (`costs_not_understood`).
    """
    found = sorted({charge.currency for charge in charges}) or ["USD"]
    if len(found) > 1:
        raise UnavailableError(f"The bill is in several currencies: {', '.join(found)}.", code="costs_not_understood")
    return found[0]


def money_of(charge: Charge, month: date) -> Money:
    """A charge as part of a review of this month: its own, or the one before."""
    if charge.month == month:
        return Money(unblended_micros=charge.unblended_micros, amortized_micros=charge.amortized_micros)
    return Money(unblended_before_micros=charge.unblended_micros, amortized_before_micros=charge.amortized_micros)


def lines(charges: Sequence[Charge], month: date, *, by: str) -> tuple[Line, ...]:
    """Sums by `service` or `tag`, the dearest of both months first."""
    sums: dict[str, Money] = {}
    for charge in charges:
        name: str = getattr(charge, by)
        sums[name] = sums.get(name, Money()) + money_of(charge, month)
    made = [Line(name=name, money=money) for name, money in sums.items()]
    return tuple(sorted(made, key=lambda each: (-_dearest(each.money), each.name)))


def _dearest(money: Money) -> int:
    return max(money.amortized_micros, money.amortized_before_micros)


def per_thousand(micros: int, delivered: int) -> int | None:
    """What 1,000 delivered messages cost, to the millionth."""
    return round(micros * 1_000 / delivered) if delivered else None
