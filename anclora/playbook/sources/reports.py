"""The report of today: whether it can be drawn, and whether it went where it should."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from anclora.kit.clock import business_date
from anclora.notify import find_notice
from anclora.playbook.sources.contract import Parts, Query, Reading
from anclora.reports import gather, key_of, names_of, render, spans_of

_LATE = timedelta(minutes=10)


async def today(parts: Parts) -> Reading:
    """Made = it can be drawn from the ledger, and was posted where anybody is to get it; not_posted = it was not."""
    settings, now = parts.settings, parts.now
    day = business_date(now, settings.timezone)
    spans = spans_of(day, zone=settings.timezone, now=now, so_far=True)
    figures = await gather(parts.db, spans, zone=settings.timezone, sources=parts.sources)
    drawn = render(figures, "md", settings.report_language)
    facts = [f"sha256 {sha256(drawn).hexdigest()[:16]}", f"{len(drawn)} B"]
    names = names_of(settings.report_to)
    if not names:
        return Reading(value="made", facts=[*facts, "ANCLORA_REPORT_TO is empty"])
    cut = datetime.combine(day, time.fromisoformat(settings.report_at), ZoneInfo(settings.timezone))
    notice = await find_notice(parts.db, key_of("daily", day, cut, settings.report_language))
    if notice is not None:
        states = [f"{each.channel}: {each.state}" for each in notice.deliveries]
        failed = any(each.state == "failed" for each in notice.deliveries)
        return Reading(value="not_delivered" if failed else "made", facts=[*facts, *states])
    late = now - cut > _LATE
    return Reading(value="not_posted" if late else "made", facts=[*facts, f"{settings.report_at}: {', '.join(names)}"])


QUERIES: Mapping[str, Query] = {"reports.today": today}
