"""Our numbers against the expected set: the rows of the ledger. One that is not there any more is missing, by name."""

from collections.abc import Mapping

from anclora.instances import status_of
from anclora.playbook.errors import NoDataError
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading


async def not_connected(parts: Parts) -> Reading:
    """How many of the expected numbers are not connected."""
    await parts.fresh_numbers()
    numbers = {each.name: status_of(each, parts.now) for each in parts.book.all}
    if not numbers:
        raise NoDataError("No number is expected: none was ever registered.")
    ill = [f"{name}: {status}" for name, status in sorted(numbers.items()) if status != "connected"]
    return Reading(value=float(len(ill)), facts=[*ill[:MOST_FACTS], f"of {len(numbers)} expected"])


QUERIES: Mapping[str, Query] = {"instances.not_connected": not_connected}
