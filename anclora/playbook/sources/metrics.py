"""The figures a running server shows: whether those that alerts and dashboards compare are all there."""

import asyncio
import re
from collections.abc import Mapping

from anclora.alerts import CATALOGUE
from anclora.kit.errors import UnavailableError
from anclora.kit.metrics import PREFIX
from anclora.kit.wire import shown_url
from anclora.playbook.errors import NoDataError
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading
from anclora.playbook.sources.web import asking, base_url

_NAME = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^\n]*\})? (\S+)", re.MULTILINE)
_DRILL = f"{PREFIX}_dr_drill_last_success_timestamp_seconds"
_DAY_SECONDS = 86_400.0
_LOOK_AGAIN_SECONDS = 3.0


async def missing(parts: Parts) -> Reading:
    """How many of the figures that alerts compare are not there: what is gone cannot fire.

    A scrape leaves out what it could not look up in time, so what one lacks is asked for a second time.
    """
    gone = await _gone(parts)
    if gone:
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        gone &= await _gone(parts)
    return Reading(value=float(len(gone)), facts=sorted(gone)[:MOST_FACTS])


async def drill_days(parts: Parts) -> Reading:
    """Days since every scenario of the monthly drill has passed."""
    found = [float(match[3]) for match in _NAME.finditer(await _text(parts)) if match[1] == _DRILL]
    if not found:
        raise NoDataError(f"{_DRILL} is not there: no drill has succeeded yet.")
    return Reading(value=round((parts.now.timestamp() - max(found)) / _DAY_SECONDS, 1))


async def _gone(parts: Parts) -> set[str]:
    shown = {match[1] for match in _NAME.finditer(await _text(parts))}
    return {twin.name for twin in CATALOGUE.twins if twin.name.startswith(f"{PREFIX}_")} - shown


async def _text(parts: Parts) -> str:
    url = base_url(parts)
    async with asking(url) as client:
        answer = await client.ask("GET", "/metrics")
    if answer.status != 200:
        raise UnavailableError(f"{shown_url(url)} answered {answer.status} to /metrics.")
    return answer.body.decode("utf-8", "replace")


QUERIES: Mapping[str, Query] = {"metrics.missing": missing, "metrics.drill_days": drill_days}
