"""Child processes of `up` and `demo`: started one after the other, ready before the next, stopped in reverse.

A child ends when its parent does, however the parent ends (Linux: the kernel signals it). `keep` starts one
again that ended by itself.
"""

import asyncio
import contextlib
import signal
import sys
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import aiohttp

from anclora.kit.errors import AncloraError, SetupError
from anclora.kit.logging import get_logger
from anclora.storage.embedded.process import tied_command

log = get_logger(__name__)
_POLL_SECONDS = 0.05
_LAST_LINES = 15
_MOST_ENDS, _WITHIN_SECONDS = 5, 60.0


class Child:
    """One process.

    Args:
        name: for messages.
        argv: the command.
        env: its whole environment.
        log: file that gets both of its outputs.
    """

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._argv = argv
        self._env = env
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Its process id; 0 when it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start it; `wait_ready` tells when it serves."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *tied_command(self._argv, end_signal=signal.SIGTERM),
                env=dict(self._env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    async def wait_ready(self, check: Callable[[], Awaitable[bool]], *, timeout_seconds: float) -> None:
        """Wait until `check` says yes.

        Raises:
            SetupError: it ended, or was not ready in time; with the last lines of its log.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while self.pid:
                    if await check():
                        return
                    await asyncio.sleep(_POLL_SECONDS)
        what = "was not ready in time" if self.pid else "ended at once"
        raise SetupError(f"{self.name} {what}. Its last words:\n{self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        with self.log.open(encoding="utf-8", errors="replace") as lines:
            return "".join(deque(lines, maxlen=_LAST_LINES))

    async def kill(self) -> None:
        """SIGKILL, and wait for the end: what a crash looks like."""
        if self._process and self.pid:
            self._process.kill()
            await self._process.wait()

    async def stop(self, *, timeout_seconds: float) -> None:
        """SIGTERM; after the time-out SIGKILL."""
        if not self._process or not self.pid:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def wait(self) -> int:
        """Wait for its end; the exit code."""
        return await self._process.wait() if self._process else 0


async def keep(child: Child, stop: asyncio.Event) -> None:
    """Start a child again whenever it ends by itself, until the stop.

    Raises:
        AncloraError: `server_ended`: it ended too often in a minute, so a start does not mend it; with its last words.
    """
    ends: deque[float] = deque(maxlen=_MOST_ENDS)
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        while not stop.is_set():
            ending = asyncio.create_task(child.wait(), name=child.name)
            await asyncio.wait({stopping, ending}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                ending.cancel()
                return
            ends.append(asyncio.get_running_loop().time())
            if len(ends) == _MOST_ENDS and ends[-1] - ends[0] < _WITHIN_SECONDS:
                raise AncloraError(f"The server ended. Its last words:\n{child.last_words()}", code="server_ended")
            log.warning("child_started_again", child=child.name, code=ending.result())
            await child.start()
    finally:
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)


@contextlib.asynccontextmanager
async def family(*, stop_timeout_seconds: float = 15.0) -> AsyncGenerator[list[Child], None]:
    """A list to append started children to; they are stopped in reverse order at the end of the block."""
    children: list[Child] = []
    try:
        yield children
    finally:
        for child in reversed(children):
            await child.stop(timeout_seconds=stop_timeout_seconds)


def answers_200(url: str) -> Callable[[], Awaitable[bool]]:
    """A check for `wait_ready`: a GET of this address answers 200."""

    async def check() -> bool:
        try:
            timeout = aiohttp.ClientTimeout(total=5.0)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    return check


def command(*words: str) -> list[str]:
    """The argv that runs `anclora <words>` with this interpreter."""
    return [sys.executable, "-m", "anclora", *words]
