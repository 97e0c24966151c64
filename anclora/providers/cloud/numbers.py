"""Numbers and templates as Graph lists them, in our words. Pure.

Throughput: 80 messages a second, 1,000 when Meta says HIGH (Cloud API, throughput). Tiers count the different people to
whom a business writes first in 24 hours (messaging limits); since October 2025 the whole portfolio shares one.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from anclora.providers.contract import NumberLimits, RemoteInstance, RemoteTemplate

FIELDS = (
    "id,display_phone_number,verified_name,status,quality_rating,throughput,"
    "whatsapp_business_manager_messaging_limit,messaging_limit_tier"
)
TEMPLATE_FIELDS = "id,name,language,status,category,components,quality_score,rejected_reason"

_PER_SECOND: Mapping[str, float] = {"STANDARD": 80.0, "HIGH": 1_000.0}
_TIER = re.compile(r"(?:TIER_)?(\d{1,9})(K?)\Z")
_STATES: Mapping[str, str] = {
    "CONNECTED": "open",
    "FLAGGED": "open",
    "RESTRICTED": "open",
    "RATE_LIMITED": "open",
    "PENDING": "connecting",
    "MIGRATED": "close",
}


class Throughput(msgspec.Struct):
    """Its level: STANDARD, HIGH or NOT_APPLICABLE."""

    level: str | None = None


class Number(msgspec.Struct):
    """One row of `GET /{waba}/phone_numbers`. The first of the two limits is of today, the other of older versions."""

    id: str
    display_phone_number: str | None = None
    status: str | None = None
    quality_rating: str | None = None
    throughput: Throughput | None = None
    whatsapp_business_manager_messaging_limit: str | None = None
    messaging_limit_tier: str | None = None

    @property
    def tier(self) -> str | None:
        """How many people it may write to first."""
        return self.whatsapp_business_manager_messaging_limit or self.messaging_limit_tier


class Quality(msgspec.Struct):
    """GREEN, YELLOW, RED or UNKNOWN."""

    score: str | None = None


class TemplateRow(msgspec.Struct):
    """One row of `GET /{waba}/message_templates`."""

    name: str
    language: str = ""
    status: str = ""
    category: str = ""
    id: str = ""
    components: list[Any] = []
    quality_score: Quality | None = None
    rejected_reason: str | None = None


def digits_of(shown: str | None) -> str | None:
    """The digits of a number as Meta shows it: `+1 555-078-3881` or `15550783881`."""
    return re.sub(r"\D", "", shown or "") or None


def instance_of(number: Number) -> RemoteInstance:
    """The number as an instance: its name is its phone number id, which requests and webhooks name it by."""
    state = _STATES.get(number.status or "CONNECTED", "close")
    return RemoteInstance(name=number.id, state=state, owner=digits_of(number.display_phone_number))


def limits_of(number: Number) -> NumberLimits:
    """What Meta lets the number do."""
    level = number.throughput.level if number.throughput else None
    per_second = _PER_SECOND.get(level or "")
    return NumberLimits(
        name=number.id,
        quality=number.quality_rating,
        tier=number.tier,
        throughput=level,
        per_minute=per_second and per_second * 60,
        new_recipients_per_day=people_of(number.tier),
    )


def people_of(tier: str | None) -> int | None:
    """How many people a tier lets in, 0 = as many as one likes; None = it says nothing.

    >>> [people_of(tier) for tier in ("TIER_250", "TIER_2K", "TIER_UNLIMITED", "TIER_NOT_SET")]
    [250, 2000, 0, None]
    """
    if tier == "TIER_UNLIMITED":
        return 0
    match = _TIER.match(tier or "")
    return int(match[1]) * (1_000 if match[2] else 1) if match else None


def template_of(row: TemplateRow) -> RemoteTemplate:
    """A template in our words."""
    rejected = row.rejected_reason if row.rejected_reason not in (None, "", "NONE") else None
    return RemoteTemplate(
        name=row.name,
        language=row.language,
        status=row.status,
        category=row.category,
        provider_id=row.id,
        components=row.components,
        quality=row.quality_score.score if row.quality_score else None,
        reason=rejected,
    )


def button_kinds(components: list[Any]) -> tuple[str, ...]:
    """The kinds of a template's buttons by place, in the words of a send: url, quick_reply, copy_code and the like."""
    for component in components:
        if isinstance(component, dict) and component.get("type") == "BUTTONS":
            buttons = component.get("buttons")
            found = buttons if isinstance(buttons, list) else []
            return tuple(str(each.get("type", "url")).lower() for each in found if isinstance(each, dict))
    return ()
