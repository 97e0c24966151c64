"""The pull request of a branch at GitHub: one that is open is named, and only where there is none is one opened."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from anclora.kit.errors import SetupError, UnavailableError
from anclora.kit.github import github_headers, refusal
from anclora.kit.wire import Answer, JsonClient

_SECONDS = 15.0
_NOT_ALLOWED = (401, 403, 404)  # 404 is also what a private repository answers a token that may not see it


class Hub(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is opened.

    Attributes:
        api_url: root of GitHub's API.
        repository: owner/name.
        token: may write pull requests there.
    """

    api_url: str
    repository: str
    token: str


class _Ref(msgspec.Struct, frozen=True):
    ref: str


class _Pull(msgspec.Struct, frozen=True):
    html_url: str
    head: _Ref


class _Repository(msgspec.Struct, frozen=True):
    default_branch: str


async def asked(hub: Hub, branch: str) -> str | None:
    """The address of the open pull request of a branch, or None.

    Raises:
        SetupError: GitHub does not let this token do that (`github_refused`).
        UnavailableError: GitHub is away, or answered what cannot be used.
    """
    async with _client(hub) as client:
        return await _found(client, hub, branch)


async def opened(hub: Hub, branch: str, *, title: str, body: str) -> str:
    """The address of the branch's pull request into the default branch: the one that is open, or a new one.

    Raises:
        SetupError: GitHub does not let this token do that (`github_refused`).
        UnavailableError: GitHub is away, refused what was sent, or answered what cannot be used.
    """
    async with _client(hub) as client:
        if (found := await _found(client, hub, branch)) is not None:
            return found
        base = _read(await client.ask("GET", _root(hub)), 200, _Repository, hub).default_branch
        wish = {"title": title, "head": branch, "base": base, "body": body}
        answer = await client.ask("POST", f"{_root(hub)}/pulls", msgspec.json.encode(wish))
        # Somebody opened it between the question and this.
        if answer.status == 422 and (found := await _found(client, hub, branch)) is not None:
            return found
        return _read(answer, 201, _Pull, hub).html_url


@asynccontextmanager
async def _client(hub: Hub) -> AsyncGenerator[JsonClient, None]:
    client = JsonClient(hub.api_url, headers=github_headers(hub.token), timeout_seconds=_SECONDS)
    try:
        yield client
    finally:
        await client.close()


async def _found(client: JsonClient, hub: Hub, branch: str) -> str | None:
    head = f"{hub.repository.partition('/')[0]}:{branch}"
    path = f"{_root(hub)}/pulls?{urlencode({'state': 'open', 'head': head, 'per_page': 100})}"
    pulls = _read(await client.ask("GET", path), 200, list[_Pull], hub)
    # A filter GitHub cannot read is one it ignores, and then every open request comes.
    return next((pull.html_url for pull in pulls if pull.head.ref == branch), None)


def _root(hub: Hub) -> str:
    return f"/repos/{quote(hub.repository, safe='/')}"


def _read(answer: Answer, status: int, kind: type[Any], hub: Hub) -> Any:
    if answer.status in _NOT_ALLOWED:
        raise SetupError(
            f"GitHub answered {answer.status} ({refusal(answer)}). GITHUB_TOKEN has to be one that may write pull "
            f"requests of {hub.repository}.",
            code="github_refused",
        )
    if answer.status != status:
        raise UnavailableError(f"GitHub answered {answer.status} ({refusal(answer)}).", code="github_refused")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError as error:
        raise UnavailableError(f"What GitHub answered cannot be read: {error}.", code="unusual_answer") from error
