"""`anclora deps outdated` against an index on a loopback socket, in both forms of its pages."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.loopback import serving, typed

LOCK = "".join(f"{name}==1.2.3 \\\n    --hash=sha256:00\n" for name in ("fine", "major", "minor", "patch"))
NEWEST = {"fine": "1.2.3", "patch": "1.2.4", "minor": "1.3.0", "major": "2.0.0"}


async def index(request: web.Request) -> web.StreamResponse:
    name = request.path.strip("/").rpartition("/")[2]
    if name == "broken":
        return web.Response(text="{", content_type="application/vnd.pypi.simple.v1+json")
    if name not in NEWEST:
        return web.Response(status=404)
    files = [f"{name}-1.2.3.tar.gz", f"{name}-{NEWEST[name]}.tar.gz"]
    if "html" in request.path:
        links = "".join(f'<a href="/files/{file}#sha256=0">{file}</a>' for file in files)
        return web.Response(text=links, content_type="text/html")
    assert "application/vnd.pypi.simple.v1+json" in request.headers["Accept"]
    page = {"name": name, "files": [{"filename": file, "url": file, "hashes": {}} for file in files]}
    return web.Response(text=json.dumps(page), content_type="application/vnd.pypi.simple.v1+json")


@pytest.fixture
def outdated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Any]]:
    """The command's exit code, and its JSON or what it says."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def call(lock: str, *, root: str = "simple", words: tuple[str, ...] = ("--json",), url: str | None = None) -> Any:
        (tmp_path / "requirements.lock").write_text(lock)

        async def within() -> int:
            async with serving(index) as address:
                place = ["--lock", str(tmp_path / "requirements.lock"), "--index-url", url or f"{address}/{root}/"]
                return await typed(monkeypatch, "deps", "outdated", *place, *words)

        code = asyncio.run(within())
        said = capsys.readouterr()
        return code, json.loads(said.out or said.err) if words else said.out or said.err

    return call


@pytest.mark.parametrize("root", ["simple", "html"])
def test_what_is_old_is_named_with_the_size_of_its_step(outdated: Callable[..., Any], root: str) -> None:
    code, found = outdated(LOCK, root=root)
    rows = [(row["name"], row["locked"], row["newest"], row["step"]) for row in found["outdated"]]
    assert (code, found["looked_at"]) == (1, 4)
    assert rows == [
        ("major", "1.2.3", "2.0.0", "major"),
        ("minor", "1.2.3", "1.3.0", "minor"),
        ("patch", "1.2.3", "1.2.4", "patch"),
    ]


def test_a_fresh_lock_ends_with_0(outdated: Callable[..., Any]) -> None:
    assert outdated("fine==1.2.3\n", words=()) == (0, "All 1 packages are at their newest.\n")


@pytest.mark.parametrize(
    ("name", "note"), [("absent", "the index does not know it"), ("broken", "the index cannot be read (DecodeError)")]
)
def test_what_could_not_be_learnt_is_red(outdated: Callable[..., Any], name: str, note: str) -> None:
    code, found = outdated(f"fine==1.2.3\n{name}==1.0\n")
    assert (code, [(row["name"], row["step"], row["note"]) for row in found["outdated"]]) == (
        1,
        [(name, "unknown", note)],
    )


def test_an_index_that_is_away_is_red_and_its_password_is_not_shown(outdated: Callable[..., Any]) -> None:
    code, said = outdated(LOCK, words=(), url="http://me:hunter2@127.0.0.1:9/simple")
    assert code == 1
    assert "4 of 4 packages: 4 unknown" in said
    assert "hunter2" not in said


def test_no_lock_and_no_address_are_usage(outdated: Callable[..., Any]) -> None:
    assert outdated("nothing\n")[0] == 2
    assert outdated(LOCK, url="packages.example.com/simple")[0] == 2
