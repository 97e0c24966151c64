"""`anclora deps update` on a real git clone: a branch with the lock, tests run there, and nothing else touched."""

import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from anclora.deps import Updated, update
from anclora.kit.errors import AncloraError, ConflictError, SetupError, UnavailableError

TODAY = date(2026, 3, 2)
BRANCH = "deps/2026-03-02"
NEW_LOCK = "printf 'demo==2.0 --hash=sha256:02\\nextra==1.0 --hash=sha256:03\\n' > requirements.lock"
ME = ["-c", "user.name=t", "-c", "user.email=t@example.com"]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *ME, *words], cwd=folder, capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with a lock, and an origin."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[user]\nname = t\nemail = t@example.com\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[user]\nname = t\nemail = t@example.com\n")
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "origin"], check=True, timeout=20)
    folder = tmp_path / "clone"
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True, timeout=20)
    (folder / "requirements.lock").write_text("demo==1.0 --hash=sha256:01\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "remote", "add", "origin", str(tmp_path / "origin"))
    return folder


def sh(command: str) -> str:
    return f'sh -c "{command}"'


@pytest.fixture
def make(clone: Path) -> Callable[..., Updated]:
    def call(**values: Any) -> Updated:
        wishes: dict[str, Any] = {
            "lock_command": sh(NEW_LOCK),
            "test_command": "grep -q demo==2.0 requirements.lock",
            "test_timeout_seconds": 20.0,
            "push": False,
            "said": lambda _: None,
        }
        return update(clone, TODAY, **{**wishes, **values})

    return call


def untouched(clone: Path) -> bool:
    status, worktrees = git(clone, "status", "--porcelain"), git(clone, "worktree", "list").splitlines()
    return (status, git(clone, "branch", "--show-current"), len(worktrees)) == ("", "main", 1)


def test_a_lock_that_passes_is_a_commit_in_a_branch(clone: Path, make: Callable[..., Updated]) -> None:
    before = git(clone, "rev-parse", "main")
    done = make()
    assert (done.branch, done.passed, done.pushed) == (BRANCH, True, False)
    assert [(each.name, each.before, each.after) for each in done.changes] == [
        ("demo", "1.0", "2.0"),
        ("extra", None, "1.0"),
    ]
    assert "demo==2.0" in git(clone, "show", f"{BRANCH}:requirements.lock")
    assert "- demo: 1.0 -> 2.0" in git(clone, "log", "-1", "--format=%B", BRANCH)
    assert untouched(clone)
    assert git(clone, "rev-parse", "main") == before


def test_two_locks_that_differ_are_both_named(clone: Path, make: Callable[..., Updated]) -> None:
    (clone / "requirements-dev.lock").write_text("demo==1.1 --hash=sha256:04\n")
    git(clone, "add", ".")
    git(clone, "commit", "-qm", "dev")
    (change, _) = make().changes
    assert (change.before, change.after) == ("1.0, 1.1", "2.0, 1.1")


def test_tests_that_fail_say_so_and_are_never_pushed(clone: Path, make: Callable[..., Updated]) -> None:
    done = make(test_command=sh("echo 1 failed; exit 3"), push=True)
    assert (done.passed, done.pushed, done.last_words) == (False, False, ("1 failed",))
    assert "FAILED" in git(clone, "log", "-1", "--format=%B", BRANCH)
    assert git(clone, "ls-remote", "origin") == ""
    assert untouched(clone)


def test_tests_that_do_not_end_are_stopped_with_all_their_children(clone: Path, make: Callable[..., Updated]) -> None:
    done = make(test_command=sh("sleep 60 & wait"), test_timeout_seconds=0.3)
    assert (done.passed, "did not end" in done.last_words[0]) == (False, True)
    assert untouched(clone)


def test_a_branch_that_passed_is_pushed_when_asked(clone: Path, make: Callable[..., Updated]) -> None:
    done = make(push=True)
    assert (done.pushed, done.request) == (True, None)
    assert git(clone, "rev-parse", BRANCH) in git(clone, "ls-remote", "origin", BRANCH)


def test_what_was_not_looked_at_yet_gets_no_key(
    make: Callable[..., Updated], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "HARMLESS"):
        monkeypatch.setenv(name, "seen")
    seen = tmp_path / "seen"
    assert make(test_command=sh(f"echo $GITHUB_TOKEN $GH_TOKEN $HARMLESS > {seen}")).passed
    assert seen.read_text() == "seen\n"


def test_nothing_newer_makes_nothing(clone: Path, make: Callable[..., Updated]) -> None:
    assert make(lock_command="true").branch is None
    assert git(clone, "branch", "--list", "deps/*") == ""
    assert untouched(clone)


@pytest.mark.parametrize(
    ("before", "values", "error", "code"),
    [
        ("echo x > stray", {}, ConflictError, "dirty_tree"),
        (f"git branch {BRANCH}", {}, ConflictError, "branch_exists"),
        ("true", {"lock_command": "false"}, UnavailableError, "lock_failed"),
        ("true", {"lock_command": "no-such-command"}, UnavailableError, "lock_failed"),
        ("git rm -q --cached requirements.lock && rm requirements.lock && git commit -qm x", {}, SetupError, "setup"),
    ],
)
def test_what_stops_it_leaves_nothing_behind(
    clone: Path, make: Callable[..., Updated], before: str, values: dict[str, Any], error: type[AncloraError], code: str
) -> None:
    subprocess.run(["sh", "-c", before], cwd=clone, check=True, timeout=20)
    branches = git(clone, "branch", "--list")
    with pytest.raises(error) as refused:
        make(**values)
    assert refused.value.code == code
    assert (git(clone, "branch", "--list"), len(git(clone, "worktree", "list").splitlines())) == (branches, 1)


def test_a_server_without_the_code_is_told_so(make: Callable[..., Updated], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SetupError, match="no git clone"):
        update(
            tmp_path / "empty", TODAY, lock_command="true", test_command="true", test_timeout_seconds=5.0,
            push=False, said=print,
        )  # fmt: skip
