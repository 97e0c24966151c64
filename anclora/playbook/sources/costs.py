"""What Amazon charged for the last full month, beside the limit somebody set for it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from anclora.kit.errors import UnavailableError
from anclora.playbook.errors import NotConfiguredError
from anclora.playbook.sources.contract import Parts, Query, Reading

_SERVICES = 3
_MICROS = 1_000_000


async def of_limit_percent(parts: Parts) -> Reading:
    """The month's costs in percent of the limit. Nobody is asked where no limit is set: each answer costs money."""
    limit = parts.settings.costs_month_limit
    if limit is None:
        raise NotConfiguredError("ANCLORA_COSTS_MONTH_LIMIT")
    try:
        # The AWS client takes 0.2 s to import; only who has a limit waits for that.
        costs: Any = import_module("anclora.costs")
        found = await costs.review(parts.db, parts.now, tag=parts.settings.costs_tag)
    except UnavailableError as error:
        if error.code == "costs_no_keys":
            raise NotConfiguredError("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY") from error
        raise
    total, before = found.total.amortized_micros / _MICROS, found.total.amortized_before_micros / _MICROS
    facts = [f"{found.month:%Y-%m}: {total:,.2f} {found.currency}, before {before:,.2f}"]
    if found.per_thousand_micros is not None:
        facts.append(f"{found.per_thousand_micros / _MICROS:,.4f} per 1,000 delivered messages")
    facts += [f"{line.name}: {line.money.amortized_micros / _MICROS:,.2f}" for line in found.services[:_SERVICES]]
    if found.estimated:
        facts.append("the bill is not closed yet")
    return Reading(value=round(100 * total / limit, 1), facts=facts)


QUERIES: Mapping[str, Query] = {"costs.of_limit_percent": of_limit_percent}
