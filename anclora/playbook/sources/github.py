"""What GitHub knows of a commit: whether every check passed, and whether somebody else approved it."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import quote

import msgspec

from anclora.kit.errors import UnavailableError
from anclora.kit.github import github_headers
from anclora.kit.wire import JsonClient
from anclora.playbook.errors import NoDataError, NotConfiguredError
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading
from anclora.playbook.sources.web import asking, decoded

_GOOD = {"success", "skipped", "neutral"}
_PAGE = 100
_MOST_PAGES = 5


class _CheckRun(msgspec.Struct, frozen=True):
    name: str
    status: str
    conclusion: str | None = None


class _CheckRuns(msgspec.Struct, frozen=True):
    total_count: int
    check_runs: list[_CheckRun]


class _User(msgspec.Struct, frozen=True):
    login: str


class _Head(msgspec.Struct, frozen=True):
    sha: str


class _Pull(msgspec.Struct, frozen=True):
    number: int
    user: _User
    head: _Head


class _Review(msgspec.Struct, frozen=True):
    state: str
    user: _User | None = None
    commit_id: str | None = None


async def ci(parts: Parts) -> Reading:
    """Checks of this commit that did not pass; no check at all is no data."""
    repo, commit = asked(parts)
    runs: list[_CheckRun] = []
    async with client_of(parts) as client:
        for page in range(1, _MOST_PAGES + 1):
            path = f"/repos/{repo}/commits/{commit}/check-runs?filter=latest&per_page={_PAGE}&page={page}"
            found = await get(client, parts, path, _CheckRuns)
            runs += found.check_runs
            if len(runs) >= found.total_count or not found.check_runs:
                break
        else:
            raise NoDataError(f"More than {_PAGE * _MOST_PAGES} checks ran for {commit[:12]}; not all were read.")
    if not runs:
        raise NoDataError(f"No check ran for {commit[:12]}.")
    bad = [f"{run.name}: {run.conclusion or run.status}" for run in runs if run.conclusion not in _GOOD]
    return Reading(value=float(len(bad)), facts=[*bad[:MOST_FACTS], f"of {len(runs)} checks"])


async def reviews(parts: Parts) -> Reading:
    """People other than the author whose last word on this very commit is an approval."""
    repo, commit = asked(parts)
    async with client_of(parts) as client:
        pulls = await get(client, parts, f"/repos/{repo}/commits/{commit}/pulls?per_page={_PAGE}", list[_Pull])
        if not pulls:
            raise NoDataError(f"No pull request holds {commit[:12]}: nobody was asked to review it.")
        approved: set[str] = set()
        for pull in pulls[:_MOST_PAGES]:
            path = f"/repos/{repo}/pulls/{pull.number}/reviews?per_page={_PAGE}"
            approved |= approvers(pull, await get(client, parts, path, list[_Review]))
    return Reading(value=float(len(approved)), facts=sorted(approved)[:MOST_FACTS])


def approvers(pull: _Pull, found: list[_Review]) -> set[str]:
    """Who approves the head of a pull request now, its author left out. Pure.

    A later word replaces an earlier one, comments are no word, and an approval of an older commit is none of this one.
    """
    last: dict[str, _Review] = {}
    for review in found:
        if review.user is not None and review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            last[review.user.login] = review
    return {
        who
        for who, review in last.items()
        if review.state == "APPROVED" and review.commit_id == pull.head.sha and who != pull.user.login
    }


def asked(parts: Parts) -> tuple[str, str]:
    """The repository and the commit, quoted for a path. Raises `NotConfiguredError`, which names what lacks."""
    lacking = [] if parts.settings.github_repository else ["GITHUB_REPOSITORY"]
    lacking += [] if parts.settings.github_token else ["GITHUB_TOKEN"]
    lacking += [] if parts.commit else ["--commit"]
    if lacking or parts.settings.github_repository is None or parts.commit is None:
        raise NotConfiguredError(", ".join(lacking))
    return quote(parts.settings.github_repository, safe="/"), quote(parts.commit, safe="")


def client_of(parts: Parts) -> AbstractAsyncContextManager[JsonClient]:
    """A client of GitHub's API, for the length of a block."""
    return asking(parts.settings.github_api_url, headers=github_headers(parts.settings.github_token or ""))


async def get(client: JsonClient, parts: Parts, path: str, kind: type[Any]) -> Any:
    """An answer of a kind. Raises `UnavailableError`."""
    url = parts.settings.github_api_url
    try:
        return msgspec.convert(decoded(await client.ask("GET", path), url), kind)
    except msgspec.ValidationError as error:
        raise UnavailableError(f"What GitHub answered cannot be read: {error}.", code="unusual_answer") from error


QUERIES: Mapping[str, Query] = {"github.ci": ci, "github.reviews": reviews}
