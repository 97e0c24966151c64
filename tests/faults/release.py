"""A commit of this repository, beside the present one: a worktree, an environment and processes of its own."""

import contextlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from anclora.cli.home import Home
from anclora.supervise import Child

ROOT = Path(__file__).parents[2]
NAMED = ROOT / "deploy" / "previous-release"
_SECONDS = 300
# Runs in every process of that environment: the last line of its log says where the code it ran comes from.
_TELLS = """\
import atexit, os, sys

def tell():
    files = [m.__file__ for name, m in list(sys.modules.items()) if name.split(".")[0] == "anclora" and m.__file__]
    print("code:", os.path.commonpath(files) if files else "none", file=sys.stderr, flush=True)

atexit.register(tell)
"""


@dataclass(frozen=True)
class Release:
    """One commit, ready to run.

    Attributes:
        source: its worktree.
        python: the interpreter of its environment.
    """

    commit: str
    source: Path
    python: Path

    @property
    def revisions(self) -> tuple[str, ...]:
        """The migrations it knows, oldest first."""
        return tuple(sorted(path.stem for path in (self.source / "anclora/storage/migrations/versions").glob("*.sql")))

    @property
    def told(self) -> str:
        """The last line of whatever ran its code and no other."""
        return f"code: {site_of(self.python.parents[1]) / 'anclora'}"

    def argv(self, *words: str) -> list[str]:
        """The command line of `anclora <words>`; neither the folder it is run in nor `PYTHONPATH` lends it a module."""
        return [str(self.python), "-I", "-m", "anclora", *words]

    def run(self, env: Mapping[str, str], *words: str) -> str:
        """Run `anclora <words>` to its end; what it printed."""
        done = subprocess.run(
            self.argv(*words), env=dict(env), capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr.splitlines()[-1] == self.told
        return done.stdout

    def prepare(self, env: Mapping[str, str]) -> str:
        """Make the schema as this release knows it, and an API key."""
        self.run(env, "migrate")
        return str(json.loads(self.run(env, "keys", "create", "--name", "load", "--json"))["key"])


@dataclass(frozen=True, kw_only=True)
class ReleaseHome(Home):
    """Where the processes of a release are at home."""

    release: Release

    def child(self, name: str, *words: str) -> Child:
        """A process of that release, not yet started."""
        env = {**self.env, "ANCLORA_DATA_DIR": str(self.data_dir)}
        return Child(name, self.release.argv(*words), env, self.logs / f"{name}.log")


def git(*words: str) -> str:
    """What git says of this clone.

    Raises:
        CalledProcessError: it says no.
    """
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def present() -> str:
    """The commit that is checked out here; with `-dirty` when what is here is not all in it."""
    return git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def site_of(environment: Path) -> Path:
    """Where the packages of an environment lie."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(environment)}))


@contextlib.contextmanager
def previous_release(folder: Path) -> Generator[Release, None, None]:
    """The commit `deploy/previous-release` names, built below a folder."""
    commit, source = named(), folder / "source"
    git("worktree", "add", "--quiet", "--detach", str(source), commit)
    try:
        yield Release(commit, source, _environment(folder / "environment", source))
    finally:
        git("worktree", "remove", "--force", str(source))


def named(file: Path = NAMED) -> str:
    """The commit this file names, which must be of this history; a clone too shallow to tell skips the test."""
    commit = file.read_text(encoding="utf-8").strip()
    assert re.fullmatch(r"[0-9a-f]{40}", commit), f"{file} holds the whole id of one commit, and nothing else"
    try:
        git("merge-base", "--is-ancestor", commit, "HEAD")
    except subprocess.CalledProcessError:
        if git("rev-parse", "--is-shallow-repository") == "true":
            pytest.skip(f"this clone is shallow and does not reach back to {commit}: git fetch --unshallow")
        pytest.fail(f"{file} names {commit}, which is not in the history of what is checked out here")
    return commit


def _environment(folder: Path, source: Path) -> Path:
    """An environment with what the lock of that commit names and the program built from it; its interpreter."""
    lock = source / "requirements.lock"
    pins = _pins(lock)
    as_here = pins <= _pins(ROOT / "requirements.lock") and not os.environ.get("LONG")
    venv.create(folder, symlinks=True, with_pip=not as_here)
    python, site = folder / "bin" / "python", site_of(folder)
    if as_here:
        _link(pins, site)
    else:
        _pip(python, "--no-compile", "--require-hashes", "--only-binary", ":all:", "--requirement", str(lock))
    _pip(sys.executable, "--no-deps", "--no-index", "--no-build-isolation", "--target", str(site), str(source))
    (site / "tells.py").write_text(_TELLS, encoding="utf-8")
    (site / "tells.pth").write_text("import tells\n", encoding="utf-8")
    return python


def _pip(python: str | Path, *words: str) -> None:
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _pins(lock: Path) -> frozenset[str]:
    """Each requirement of a lock, with its hashes."""
    return frozenset(re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip()))


def _link(pins: frozenset[str], site: Path) -> None:
    """Lend an environment the very packages of these pins that are installed here."""
    for pin in pins:
        name, version = re.split(r"==|[ ;]", pin, maxsplit=2)[:2]
        try:
            found = distribution(name.partition("[")[0])
        except PackageNotFoundError:
            continue  # for another system
        assert found.version == version, f"{name} {found.version} is installed, the lock names {version}"
        for top in {file.parts[0] for file in found.files or ()} - {".."}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(found.locate_file(top))))
