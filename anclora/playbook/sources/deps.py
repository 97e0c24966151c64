"""How far what is installed lies behind what is newest, by the package index somebody named."""

from collections.abc import Mapping

from anclora.deps import Step, outdated
from anclora.deps.model import Locked
from anclora.kit.errors import UnavailableError
from anclora.playbook.errors import NotConfiguredError
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading
from anclora.security.packages import installed


async def majors(parts: Parts) -> Reading:
    """Packages a major version behind.

    Raises:
        NotConfiguredError: nobody named an index, and none is asked that nobody named.
        UnavailableError: the index did not say of every package what is newest.
    """
    url = parts.settings.deps_index_url
    if url is None:
        raise NotConfiguredError("ANCLORA_DEPS_INDEX_URL")
    here = [Locked(name=name, version=version) for name, version in installed().items()]
    rows = await outdated(here, url, done=lambda: None)
    if unknown := [f"{row.name} ({row.note})" for row in rows if row.step is Step.UNKNOWN]:
        raise UnavailableError(
            f"Of {len(unknown)} of {len(rows)} packages the index did not say what is newest: {unknown[0]}.",
            code="index_silent",
        )
    behind = [f"{row.name} {row.locked} -> {row.newest}" for row in rows if row.step is Step.MAJOR]
    less = sum(row.step in (Step.MINOR, Step.PATCH) for row in rows)
    return Reading(
        value=float(len(behind)), facts=[*behind[:MOST_FACTS], f"{less} of {len(rows)} a minor step or a patch behind"]
    )


QUERIES: Mapping[str, Query] = {"deps.majors": majors}
