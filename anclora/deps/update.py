"""A new lock, made, tested and committed in a work tree of its own: what one stands on is never touched.

clean tree? ─► branch deps/YYYY-MM-DD in a work tree beside ─► new lock ─► tests ─► commit ─► push ─► pull request
                 └─ there already, and its tests passed ────────────────────┼──────────────────┘
                                                                            └─ red: committed as red, not pushed

Every step can be taken again: what a first try left is gone on with, and an open pull request is named, never doubled.
"""

import asyncio
import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import msgspec

from anclora.deps.commands import GIT_SECONDS, end, git, run
from anclora.deps.pull import Hub, asked, opened
from anclora.deps.rules import locked_in
from anclora.kit.errors import ConflictError, SetupError, UnavailableError

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-docs.lock")
_LOCK_SECONDS = 900.0
# What was not looked at yet is run by both commands: no key that could write to GitHub is theirs.
_NOT_THEIRS = ("GITHUB_TOKEN", "GH_TOKEN")
_PASSED = "Tests: passed"
_STAGING = "Deploy the branch to staging and watch it for a day before this is merged; production gets it by a release."


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A package whose pin moved. None = it is not in that lock."""

    name: str
    before: str | None
    after: str | None


class Updated(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it.

    Attributes:
        branch: holds the new lock; None = everything was fresh, and nothing was made.
        changes: what moved; empty where an earlier call made the branch.
        passed: whether the tests passed.
        last_words: the end of what the tests said when they did not.
        pushed: whether the branch is at origin.
        request: the address of its open pull request; None = none is known.
    """

    branch: str | None
    changes: tuple[Change, ...] = ()
    passed: bool = True
    last_words: tuple[str, ...] = ()
    pushed: bool = False
    request: str | None = None


def update(
    folder: Path,
    today: date,
    *,
    lock_command: str,
    test_command: str,
    test_timeout_seconds: float,
    push: bool,
    hub: Hub | None = None,
    said: Callable[[str], None],
) -> Updated:
    """Make it, or with `push` go on with what was made today and passed.

    Args:
        folder: inside the clone.
        today: names the branch.
        lock_command: writes the locks anew, run in the work tree without a shell.
        test_command: must end with 0; run the same way.
        test_timeout_seconds: for it.
        push: send a branch that passed to origin.
        hub: where a pushed branch gets its pull request; None = nowhere.
        said: hears what is done next.

    Raises:
        SetupError: this is no clone, or has no lock; or GitHub refuses the token (`github_refused`).
        ConflictError: something is not committed (`dirty_tree`), or there is such a branch that cannot be gone on with
            (`branch_exists`).
        UnavailableError: git, the lock command or GitHub failed. What is committed by then stays, nothing else does.
    """
    root = _root(folder)
    if dirty := git(root, "status", "--porcelain").strip():
        first = dirty.splitlines()[0][3:]
        raise ConflictError(f"The tree is not clean ({first}). Commit or stash first.", code="dirty_tree")
    branch = f"deps/{today:%Y-%m-%d}"
    here = bool(git(root, "branch", "--list", branch).strip())
    if here and not (push and _has_passed(root, branch)):
        raise ConflictError(
            f"There is a branch {branch} already. Go on with it, or delete it: git branch -D {branch}",
            code="branch_exists",
        )
    if here:
        said(f"{branch} is there, and its tests passed: going on with it")
        return _sent(root, branch, Updated(branch=branch), hub, said)
    if push and git(root, "ls-remote", "--heads", "origin", f"refs/heads/{branch}").strip():
        return _elsewhere(branch, hub)
    done = _made(root, branch, lock_command, test_command, test_timeout_seconds, said)
    return _sent(root, branch, done, hub, said) if push and done.branch is not None and done.passed else done


def _has_passed(root: Path, branch: str) -> bool:
    """Whether the branch ends with a commit of ours that says so; anything on top of it was never tested here."""
    return git(root, "log", "-1", "--format=%(trailers:only)", branch).strip() == _PASSED


def _elsewhere(branch: str, hub: Hub | None) -> Updated:
    """Today's branch was pushed from another clone: its request, if it is open."""
    if hub is not None and (request := asyncio.run(asked(hub, branch))) is not None:
        return Updated(branch=branch, pushed=True, request=request)
    raise ConflictError(
        f"origin has a branch {branch} already, and no pull request of it is known to be open. "
        f"Go on with it: git fetch origin {branch}:{branch}   Or delete it: git push origin --delete {branch}",
        code="branch_exists",
    )


def _made(
    root: Path,
    branch: str,
    lock_command: str,
    test_command: str,
    test_timeout_seconds: float,
    said: Callable[[str], None],
) -> Updated:
    before = _pins(root)
    home = Path(tempfile.mkdtemp(prefix="anclora-deps-"))
    tree, made = home / "tree", False
    try:
        git(root, "worktree", "add", "--quiet", "-b", branch, str(tree))
        said("writing the lock anew")
        locked = run(shlex.split(lock_command), tree, timeout_seconds=_LOCK_SECONDS, without=_NOT_THEIRS)
        if locked.returncode != 0:
            raise UnavailableError(f"{lock_command!r} failed: {end(locked)[-1]}", code="lock_failed")
        changes = _changes(before, _pins(tree))
        if not git(tree, "status", "--porcelain", "--", *LOCKS).strip():
            return Updated(branch=None)
        done = _proved(tree, branch, changes, test_command, test_timeout_seconds, said)
        made = True
        return done
    finally:
        _forget(root, tree, None if made else branch)
        shutil.rmtree(home, ignore_errors=True)


def _root(folder: Path) -> Path:
    if shutil.which("git") is None:
        raise SetupError("git is not installed, and a new lock is made in a branch.")
    try:
        root = Path(git(folder, "rev-parse", "--show-toplevel").strip())
    except UnavailableError:
        raise SetupError(f"{folder} is no git clone. A new lock is made where the code is, not on a server.") from None
    if not any((root / name).is_file() for name in LOCKS):
        raise SetupError(f"{root} has no {LOCKS[0]}.")
    return root


def _pins(root: Path) -> dict[str, str]:
    """Name -> version; every version where the locks differ."""
    pins: dict[str, list[str]] = {}
    for name in LOCKS:
        if (root / name).is_file():
            for each in locked_in((root / name).read_text(encoding="utf-8"), name=name):
                versions = pins.setdefault(each.name, [])
                versions += [] if each.version in versions else [each.version]
    return {name: ", ".join(versions) for name, versions in pins.items()}


def _changes(before: dict[str, str], after: dict[str, str]) -> tuple[Change, ...]:
    return tuple(
        Change(name=name, before=before.get(name), after=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def _proved(
    tree: Path,
    branch: str,
    changes: tuple[Change, ...],
    test_command: str,
    timeout_seconds: float,
    said: Callable[[str], None],
) -> Updated:
    """Run the tests, and commit the lock with their verdict."""
    said(f"{len(changes)} packages moved; running the tests: {test_command}")
    tested = run(shlex.split(test_command), tree, timeout_seconds=timeout_seconds, without=_NOT_THEIRS)
    passed = tested.returncode == 0
    _commit(tree, changes, passed=passed, test_command=test_command)
    return Updated(branch=branch, changes=changes, passed=passed, last_words=() if passed else end(tested))


def _commit(tree: Path, changes: Sequence[Change], *, passed: bool, test_command: str) -> None:
    verdict = "The tests passed" if passed else "The tests FAILED"
    lines = [f"- {each.name}: {each.before or 'new'} -> {each.after or 'gone'}" for each in changes]
    subject = f"{len(changes)} dependencies move" if passed else f"{len(changes)} dependencies move, and tests fail"
    words = [subject, "", f"{verdict} ({test_command}).", "", *lines, "", _PASSED if passed else "Tests: failed"]
    git(tree, "add", "--", *(name for name in LOCKS if (tree / name).is_file()))
    git(tree, "commit", "--quiet", "--no-verify", "-m", "\n".join(words))


def _sent(root: Path, branch: str, done: Updated, hub: Hub | None, said: Callable[[str], None]) -> Updated:
    """Push what passed, and see to its pull request. Both are no news the second time."""
    said(f"pushing {branch}")
    git(root, "push", "--quiet", "--set-upstream", "origin", branch)
    if hub is None:
        return msgspec.structs.replace(done, pushed=True)
    said(f"asking {hub.repository} for its pull request")
    title, body = git(root, "log", "-1", "--format=%s", branch).strip(), git(root, "log", "-1", "--format=%b", branch)
    try:
        request = asyncio.run(opened(hub, branch, title=title, body=f"{body.strip()}\n\n{_STAGING}\n"))
    except (SetupError, UnavailableError) as error:
        words = f"{branch} is pushed and has no pull request yet. {error.detail} Then again: anclora deps update --push"
        raise type(error)(words, code=error.code) from error
    return msgspec.structs.replace(done, pushed=True, request=request)


def _forget(root: Path, tree: Path, branch: str | None) -> None:
    """Remove the work tree, and the branch when nothing was committed to it."""
    if tree.exists():
        run(["git", "worktree", "remove", "--force", str(tree)], root, timeout_seconds=GIT_SECONDS)
    if branch is not None:
        run(["git", "branch", "--quiet", "-D", branch], root, timeout_seconds=GIT_SECONDS)
