"""`anclora deps update` up to its pull request: a real clone, a bare origin, GitHub's rules on a socket."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from anclora.kit.clock import SystemClock, business_date
from anclora.kit.settings import load_settings
from tests.github_server import REPOSITORY, TOKEN, GitHub
from tests.loopback import serving, typed

ROOT = f"/repos/{REPOSITORY}"
NEW_LOCK = "sh -c \"echo 'demo==2.0 --hash=sha256:02' > requirements.lock\""
PASSES = "grep -q demo==2.0 requirements.lock"
SET_UP = {"GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}


class Said(NamedTuple):
    """What the command ended with and printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def branch() -> str:
    return f"deps/{business_date(SystemClock().now(), load_settings().timezone):%Y-%m-%d}"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose origin is a bare repository with `main`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[user]\nname = t\nemail = t@example.com\n")
    folder = tmp_path / "clone"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", tmp_path / "origin"], check=True, timeout=20)
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True, timeout=20)
    (folder / "requirements.lock").write_text("demo==1.0 --hash=sha256:01\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "remote", "add", "origin", str(tmp_path / "origin"))
    git(folder, "push", "-q", "origin", "main")
    return folder


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.strip()


@pytest.fixture
def hub(tmp_path: Path) -> GitHub:
    return GitHub(tmp_path / "origin")


@pytest.fixture
def update(
    clone: Path, hub: GitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """The command, with GitHub on a socket."""

    def call(*words: str, tests: str = PASSES, **environment: str) -> Said:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        async def within() -> int:
            async with serving(hub.answer) as address:
                monkeypatch.setenv("GITHUB_API_URL", environment.get("GITHUB_API_URL", address))
                options = ["--folder", str(clone), "--lock-command", NEW_LOCK, "--test-command", tests]
                return await typed(monkeypatch, "deps", "update", *options, *words)

        code = asyncio.run(within())
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


def at_origin(clone: Path, branch: str) -> str:
    return git(clone, "ls-remote", "origin", f"refs/heads/{branch}")


def test_a_lock_that_passes_becomes_a_pull_request(
    update: Callable[..., Said], clone: Path, hub: GitHub, branch: str
) -> None:
    said = update(**SET_UP)
    (pull,) = hub.pulls
    assert said.code == 0, said.err
    assert (pull["head"]["ref"], pull["base"]["ref"], pull["title"]) == (branch, "main", "1 dependencies move")
    assert "- demo: 1.0 -> 2.0" in pull["body"]
    assert "staging" in pull["body"]
    assert git(clone, "rev-parse", branch) in at_origin(clone, branch)
    assert f"1. review {pull['html_url']}" in said.out
    assert (git(clone, "branch", "--show-current"), git(clone, "rev-parse", "main")) == (
        "main",
        git(clone, "rev-parse", "origin/main"),
    )


def test_the_second_time_the_open_request_is_named_and_nothing_is_tested_again(
    update: Callable[..., Said], hub: GitHub, branch: str
) -> None:
    first = json.loads(update("--json", **SET_UP).out)
    again = json.loads(update("--json", tests="false").out)
    assert (again["branch"], again["request"]) == (branch, first["request"])
    assert [method for method, _ in hub.asked].count("POST") == len(hub.pulls) == 1


def test_a_request_from_another_clone_is_named_before_an_hour_of_tests(
    update: Callable[..., Said], clone: Path, hub: GitHub, branch: str
) -> None:
    git(clone, "push", "-q", "origin", f"main:{branch}")
    taken = update(tests="false", **SET_UP)
    assert (taken.code, f"git fetch origin {branch}:{branch}" in taken.err) == (1, True)
    pull = hub.open(branch)
    said = update(tests="false")
    assert (said.code, pull["html_url"] in said.out, git(clone, "branch", "--list", branch)) == (0, True, "")


def test_somebody_who_opens_it_between_the_question_and_ours_is_named(update: Callable[..., Said], hub: GitHub) -> None:
    hub.race = True
    said = update("--json", **SET_UP)
    assert (json.loads(said.out)["request"], len(hub.pulls)) == (hub.pulls[0]["html_url"], 1)
    assert hub.pulls[0]["title"] == "somebody was faster"


def test_a_closed_request_and_that_of_another_branch_are_not_taken_for_ours(
    update: Callable[..., Said], hub: GitHub, branch: str
) -> None:
    hub.filters = False
    hub.open(branch, state="closed")
    hub.open(f"{branch}-b")
    assert json.loads(update("--json", **SET_UP).out)["request"] == f"https://github.com/{REPOSITORY}/pull/3"


def test_without_a_token_nothing_leaves_and_what_to_do_is_said(
    update: Callable[..., Said], clone: Path, hub: GitHub, branch: str
) -> None:
    said = update(GITHUB_REPOSITORY=REPOSITORY)
    assert (said.code, hub.asked, at_origin(clone, branch)) == (0, [], "")
    for words in ("GITHUB_TOKEN", "anclora deps update --push", f"git push --set-upstream origin {branch}"):
        assert words in said.out
    # Then it is done, and the same branch goes on.
    assert update("--push", tests="false", GITHUB_TOKEN=TOKEN).code == 0
    assert len(hub.pulls) == 1


def test_pushed_without_a_token_says_so_and_no_push_keeps_it_here(
    update: Callable[..., Said], clone: Path, hub: GitHub, branch: str
) -> None:
    assert update("--no-push", **SET_UP).code == 0
    assert (hub.asked, at_origin(clone, branch)) == ([], "")
    said = update("--push", GITHUB_TOKEN="")
    assert (said.code, "git push" in said.out, "open a pull request for it" in said.out) == (0, False, True)
    assert at_origin(clone, branch)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"GITHUB_TOKEN": "ghp_wrong"}, ["answered 401 (Bad credentials)", "may write pull requests of anclora/wa"]),
        ({"GITHUB_REPOSITORY": "anclora/other"}, ["answered 404 (Not Found)"]),
        ({"GITHUB_API_URL": "http://127.0.0.1:1"}, ["cannot be reached"]),
    ],
)
def test_what_github_refuses_is_said_in_its_words_and_can_be_mended(
    update: Callable[..., Said],
    clone: Path,
    hub: GitHub,
    branch: str,
    environment: dict[str, str],
    words: list[str],
) -> None:
    said = update(**SET_UP | environment)
    assert said.code == 1
    for each in [f"{branch} is pushed and has no pull request yet", "anclora deps update --push", *words]:
        assert each in said.err
    assert "ghp_" not in said.err + said.out
    assert at_origin(clone, branch)
    assert (update(tests="false", **SET_UP).code, len(hub.pulls)) == (0, 1)


def test_a_branch_without_a_commit_of_its_own_is_refused_in_github_s_words(
    update: Callable[..., Said], clone: Path, branch: str
) -> None:
    assert update().code == 0
    git(clone, "push", "-q", "origin", f"{branch}:main")
    said = update(**SET_UP)
    assert (said.code, f"No commits between main and {branch}" in said.err) == (1, True)


def test_a_branch_that_failed_or_was_written_on_is_not_gone_on_with(
    update: Callable[..., Said], clone: Path, hub: GitHub, branch: str
) -> None:
    assert update(tests="false", **SET_UP).code == 1
    assert "There is a branch" in update().err
    git(clone, "branch", "-qD", branch)
    assert update("--no-push").code == 0
    git(clone, "switch", "-q", branch)
    git(clone, "commit", "-q", "--allow-empty", "-m", "by hand")
    git(clone, "switch", "-q", "main")
    assert "There is a branch" in update().err
    assert (hub.asked, at_origin(clone, branch)) == ([], "")
