"""A stand-in for GitHub's pull requests, on a real socket, over a bare repository: it refuses what GitHub refuses.

Status and body of a refusal are GitHub's: 401 for a token it does not know, 404 for a repository it does not show,
403 without a name of the client, and 422 with `errors` that name a missing field, a branch that is not there, a branch
without a commit of its own, or the request that is open already. A filter by `head` without an owner is ignored.
"""

import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web

TOKEN, REPOSITORY = "ghp_right", "anclora/wa"
_DOCS = "https://docs.github.com/rest/pulls/pulls#create-a-pull-request"


def problem(status: int, message: str, *errors: Any) -> web.Response:
    body = {"message": message, "documentation_url": _DOCS, "status": str(status)}
    return web.json_response(body | ({"errors": list(errors)} if errors else {}), status=status)


def invalid(field: str, code: str) -> web.Response:
    return problem(422, "Validation Failed", {"resource": "PullRequest", "field": field, "code": code})


def custom(message: str) -> web.Response:
    return problem(422, "Validation Failed", {"resource": "PullRequest", "code": "custom", "message": message})


class GitHub:
    """`pulls`: what is open or was; `asked`: method and path of each request; `race` opens one between two of them;
    without `filters` a list holds whatever is open.
    """

    def __init__(self, bare: Path) -> None:
        self.pulls: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.race = False
        self.filters = True
        self._bare = bare

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        if "User-Agent" not in request.headers:
            return problem(403, "Request forbidden by administrative rules.")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return problem(401, "Bad credentials")
        root = f"/repos/{REPOSITORY}"
        if request.path == root and request.method == "GET":
            return web.json_response({"full_name": REPOSITORY, "default_branch": "main"})
        if request.path != f"{root}/pulls":
            return problem(404, "Not Found")
        return await self._post(request) if request.method == "POST" else self._list(request)

    def open(self, branch: str, base: str = "main", **values: Any) -> dict[str, Any]:
        """Open one past every rule, as somebody else would."""
        number = len(self.pulls) + 1
        pull = {
            "number": number, "state": "open", "html_url": f"https://github.com/{REPOSITORY}/pull/{number}",
            "head": {"ref": branch, "label": f"anclora:{branch}"}, "base": {"ref": base}, **values,
        }  # fmt: skip
        self.pulls.append(pull)
        return pull

    def _list(self, request: web.Request) -> web.Response:
        state, head = request.query.get("state", "open"), unquote(request.query.get("head", ""))
        named = [pull for pull in self.pulls if state in ("all", pull["state"])]
        return web.json_response(
            [each for each in named if not self.filters or ":" not in head or each["head"]["label"] == head]
        )

    async def _post(self, request: web.Request) -> web.Response:
        wish = await request.json()
        for field in ("title", "head", "base"):
            if not wish.get(field):
                return invalid(field, "missing_field")
        head, base = wish["head"], wish["base"]
        for field in ("head", "base"):
            if not self._commit(wish[field]):
                return invalid(field, "invalid")
        if self.race:
            self.open(head, base, title="somebody was faster")
        if any((pull["head"]["ref"], pull["state"]) == (head, "open") for pull in self.pulls):
            return custom(f"A pull request already exists for anclora:{head}.")
        if self._commit(head) == self._commit(base):
            return custom(f"No commits between {base} and {head}")
        return web.json_response(self.open(head, base, title=wish["title"], body=wish["body"]), status=201)

    def _commit(self, branch: str) -> str:
        words = ["git", "--git-dir", str(self._bare), "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=20).stdout.strip()
