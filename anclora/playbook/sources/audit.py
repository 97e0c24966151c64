"""The audit trail: whether it is what was written."""

from collections.abc import Mapping

from anclora.audit import verify
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading


async def broken(parts: Parts) -> Reading:
    """What is wrong with the chain; its head goes into the evidence, which is kept and posted elsewhere."""
    done = await verify(parts.db, parts.now)
    facts = [*done.findings[: MOST_FACTS - 1], f"head {done.head}"]
    return Reading(value=float(len(done.findings)), facts=facts)


QUERIES: Mapping[str, Query] = {"audit.broken": broken}
