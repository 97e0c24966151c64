"""Sentry's issues, by its Web API: what was first seen, or came back, in the last 24 hours."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import msgspec

from anclora.kit.errors import UnavailableError
from anclora.playbook.errors import NotConfiguredError
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading
from anclora.playbook.sources.web import asking, decoded

_DAY = timedelta(hours=24)
_PAGE = 100


class Issue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is read of an issue; its title may quote somebody and is left out."""

    short_id: str = "?"
    first_seen: datetime
    count: str = "?"
    substatus: str | None = None
    level: str = "error"


async def new_issues(parts: Parts) -> Reading:
    """Unresolved issues that are new, or had been resolved and came back."""
    settings = parts.settings
    wanted = {
        "SENTRY_AUTH_TOKEN": settings.sentry_auth_token,
        "SENTRY_ORG": settings.sentry_org,
        "SENTRY_PROJECT": settings.sentry_project,
    }
    if lacking := [name for name, value in wanted.items() if not value]:
        raise NotConfiguredError(", ".join(lacking))
    org, project = (quote(str(wanted[name]), safe="") for name in ("SENTRY_ORG", "SENTRY_PROJECT"))
    # Without statsPeriod only the listing's own window would be looked at.
    asked = urlencode({"query": "is:unresolved", "statsPeriod": "24h", "sort": "new", "limit": _PAGE})
    url = settings.sentry_url
    async with asking(url, headers={"Authorization": f"Bearer {settings.sentry_auth_token}"}) as client:
        answer = await client.ask("GET", f"/api/0/projects/{org}/{project}/issues/?{asked}")
    try:
        found = msgspec.convert(decoded(answer, url), list[Issue])
    except msgspec.ValidationError as error:
        raise UnavailableError(f"Sentry's list of issues cannot be read: {error}.", code="unusual_answer") from error
    return counted(found, parts.now)


def counted(found: Sequence[Issue], now: datetime) -> Reading:
    """Those that are news. Pure."""
    news = [each for each in found if now - each.first_seen <= _DAY or each.substatus == "regressed"]
    return Reading(
        value=float(len(news)),
        facts=[
            f"{each.short_id} ({each.level}, {each.count} x, {each.substatus or 'new'})" for each in news[:MOST_FACTS]
        ],
    )


QUERIES: Mapping[str, Query] = {"sentry.new_issues": new_issues}
