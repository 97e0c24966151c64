"""What runs where, by digest, as GitHub's record of deployments says: whoever deploys writes it there.

A deployment's payload holds `digest` (of the image) and `revision` (the newest migration in it); its newest status is
`success` once the smoke tests passed. Nothing recorded is nothing known: never green by default.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from anclora.kit.wire import JsonClient
from anclora.playbook.errors import NoDataError
from anclora.playbook.sources.contract import Parts, Query, Reading
from anclora.playbook.sources.github import asked, client_of, get
from anclora.storage.migrate import revisions

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOST = 10
_SUCCESS = "success"


class _Deployment(msgspec.Struct, frozen=True):
    id: int
    sha: str
    payload: Any = None

    def told(self, name: str) -> str:
        """A word of its payload, which GitHub hands back as it was given: an object, or text."""
        document: Any = self.payload
        if isinstance(document, str):
            try:
                document = msgspec.json.decode(document)
            except msgspec.DecodeError:
                return ""
        return str(document.get(name, "")) if isinstance(document, dict) else ""


class _Status(msgspec.Struct, frozen=True):
    state: str


async def staging(parts: Parts) -> Reading:
    """Whether staging runs this commit, by digest, and passed its smoke tests."""
    repo, commit = asked(parts)
    where = parts.settings.github_staging
    async with client_of(parts) as client:
        found = await _deployments(client, parts, repo, where)
        if not found:
            raise NoDataError(f"Nothing was ever deployed to {where}.")
        newest = found[0]
        state = await _state(client, parts, repo, newest)
    digest = newest.told("digest")
    facts = [f"{where} runs {newest.sha[:12]}, {digest or 'by no digest'}: {state}"]
    if not newest.sha.startswith(commit):
        return Reading(value="another commit", facts=facts)
    if _DIGEST.fullmatch(digest) is None:
        return Reading(value="no digest", facts=facts)
    return Reading(value="passed" if state == _SUCCESS else state, facts=facts)


async def rollback(parts: Parts) -> Reading:
    """Whether what runs in production is recorded by digest, with a schema this program's own descends from."""
    repo, _ = asked(parts)
    where = parts.settings.github_production
    async with client_of(parts) as client:
        for each in await _deployments(client, parts, repo, where):
            if await _state(client, parts, repo, each) == _SUCCESS:
                return way_back(each.told("digest"), each.told("revision"), each.sha, revisions())
    raise NoDataError(f"No deployment to {where} is recorded that went well: there is nothing to go back to.")


def way_back(digest: str, revision: str, sha: str, known: tuple[str, ...]) -> Reading:
    """Whether one may go back to this. Pure.

    Migrations only add, so a program runs on the tables of a later one; of tables nobody here knows nobody can say it.
    """
    facts = [f"{sha[:12]}, {digest or 'by no digest'}, schema {revision or 'not recorded'}"]
    if _DIGEST.fullmatch(digest) is None:
        return Reading(value="no digest", facts=facts)
    if revision not in known:
        return Reading(value="schema not recorded" if not revision else "schema not ours", facts=facts)
    newer = known[known.index(revision) + 1 :]
    return Reading(value="ready", facts=[*facts, f"migrations since: {', '.join(newer) or 'none'}"])


async def _deployments(client: JsonClient, parts: Parts, repo: str, where: str) -> list[_Deployment]:
    """The newest of an environment, the newest first."""
    path = f"/repos/{repo}/deployments?environment={quote(where, safe='')}&per_page={_MOST}"
    found: list[_Deployment] = await get(client, parts, path, list[_Deployment])
    return found


async def _state(client: JsonClient, parts: Parts, repo: str, deployment: _Deployment) -> str:
    path = f"/repos/{repo}/deployments/{deployment.id}/statuses?per_page=1"
    found: list[_Status] = await get(client, parts, path, list[_Status])
    return found[0].state if found else "no status"


QUERIES: Mapping[str, Query] = {"deploys.staging": staging, "deploys.rollback": rollback}
