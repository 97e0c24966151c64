"""Questions about conversions and what they were worth, counted from their rows, in the currency of the business."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from anclora.analytics.model import SLICES, Ask, By, Figures, Told
from anclora.analytics.period import Period, cuts
from anclora.conversions import figures
from anclora.conversions.apart import Part, Worth, worth_apart
from anclora.kit.errors import InvalidError
from anclora.storage.database import Database

_KINDS = {"lead": "leads", "qualified_lead": "qualified_leads", "appointment": "appointments", "sale": "sales"}
WORTH_COLUMNS = (*_KINDS.values(), "others", "revenue")
KIND_COLUMNS = ("count", "refunds", "value")
_PARTS: Mapping[By, Literal["instance", "campaign", "template"]] = {
    "instance": "instance",
    "campaign": "campaign",
    "template": "template",
}


async def tell_conversions(db: Database, asked: Ask, period: Period, by: By) -> Told:
    """Conversions by kind, or told apart by time or by what led to them (the last touch)."""
    campaign = _campaign(asked.campaign)
    if by == "kind":
        return await _kinds(db, asked, period, campaign)
    begins = cuts(period, size) if (size := SLICES.get(by)) else {}
    found, digits = await worth_apart(
        db,
        Part(_PARTS.get(by, "at"), [*begins.values()]),
        period.since,
        period.until,
        currency=asked.currency,
        zone=period.timezone,
        instance=asked.instance,
        campaign_id=campaign,
    )
    names = dict(enumerate(begins, start=1))
    told = {names[int(key)] if begins else key: _figures(worth, digits) for key, worth in found.items()}
    counts: Counter[str] = Counter()
    for worth in found.values():
        counts.update(worth.counts)
    total = Worth(counts=counts, revenue_minor=sum(worth.revenue_minor for worth in found.values()))
    return Told(told, _figures(total, digits), _figures(Worth(counts={}, revenue_minor=0), digits))


async def _kinds(db: Database, asked: Ask, period: Period, campaign: UUID | None) -> Told:
    whole = await figures(
        db,
        period.since,
        period.until,
        currency=asked.currency,
        zone=period.timezone,
        instance=asked.instance,
        campaign_id=campaign,
    )
    digits = len(whole.revenue.partition(".")[2])
    parts: dict[str, Figures] = {
        each.kind: {"count": each.count, "refunds": each.refunds, "value": _units(each.value_minor, digits)}
        for each in whole.kinds
    }
    total: Figures = {name: sum(getattr(each, name) for each in whole.kinds) for name in KIND_COLUMNS[:2]}
    total["value"] = _units(sum(each.value_minor for each in whole.kinds), digits)
    return Told(parts, total, dict.fromkeys(KIND_COLUMNS, 0))


def _figures(worth: Worth, digits: int) -> Figures:
    known: Figures = {column: worth.counts.get(kind, 0) for kind, column in _KINDS.items()}
    others = sum(n for kind, n in worth.counts.items() if kind not in _KINDS)
    return {**known, "others": others, "revenue": _units(worth.revenue_minor, digits)}


def _units(minor: int, digits: int) -> float:
    return minor / 10**digits


def _campaign(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError as error:
        raise InvalidError("A campaign is named by its id.", code="invalid_question") from error
