"""What is to come against what can be sent; unknown while the ceilings are not measured."""

import asyncio
from collections.abc import Mapping

from anclora.capacity import foresee, read_bench
from anclora.playbook.errors import NoDataError, NotConfiguredError
from anclora.playbook.sources.contract import Parts, Query, Reading

_DAYS, _SURE = 30, 0.9


async def used_percent(parts: Parts) -> Reading:
    """How much of the lowest ceiling the busiest hour of the next 30 days takes, nine times of ten."""
    if parts.settings.bench_file is None:
        raise NotConfiguredError("ANCLORA_BENCH_FILE")
    bench = await asyncio.to_thread(read_bench, parts.settings.bench_file)
    if bench.lacks:
        raise NoDataError(f"{bench.lacks}.")
    found = await foresee(parts.db, parts.settings, parts.clock, bench)
    lowest = found.effective
    if found.lacks or not lowest.per_second:
        raise NoDataError(f"{found.lacks or 'Nothing can be sent now, or the lowest ceiling is not measured'}.")
    peak = next(each.per_second for each in found.peaks if (each.days, each.quantile) == (_DAYS, _SURE))
    facts = [f"{peak:.3g} of {lowest.per_second:.3g} a second, {lowest.binds} binds", f"{bench.path}, {bench.commit}"]
    if found.next is not None:
        facts.append(f"70 % of {found.next.of} on {found.next.at_70_percent}")
    facts += [f"not measured: {name}" for name in lowest.unmeasured]
    return Reading(value=round(100 * peak / lowest.per_second, 1), facts=facts)


QUERIES: Mapping[str, Query] = {"capacity.used_percent": used_percent}
