"""One private server as a child process: started until it answers, stopped for certain, found again after a crash."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from anclora.kit.errors import SetupError
from anclora.storage.embedded import tied

_READY_SECONDS = 60.0
_STARTS = 7
_PAUSE_SECONDS = 0.01
_LOG_BYTES = 10_000_000
_LOWEST_PORT, _PORTS = 20_000, 12_000

# The kernel ties a child to the thread that started it, so one thread, as old as the process, starts them all.
_starter = ThreadPoolExecutor(1, thread_name_prefix="private-server")


class Account(NamedTuple):
    """An unprivileged user."""

    uid: int
    gid: int


class Server(ABC):
    """A server process on a loopback port.

    Attributes:
        name: for messages and files.
        stop_signal: asks for an orderly end.
        port: where it listens; 0 before the first start.
    """

    name: str
    stop_signal: signal.Signals

    def __init__(self, log_path: Path, *, port: int, account: Account | None = None) -> None:
        self.port = port
        self._log_path = log_path
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id; 0 when it was not started."""
        return self._process.pid if self._process else 0

    @abstractmethod
    def prepare(self) -> list[str]:
        """Write what it needs and return its command line for the present port."""

    @abstractmethod
    def ping(self) -> None:
        """Return when it answers as ours.

        Raises:
            ConnectionError: not yet; the text says why.
        """

    def start(self, *, keep_port: bool = False) -> None:
        """Start it and wait until it answers.

        A start may fail for reasons that pass: somebody took the free port, or processes of a killed server are still
        letting go of its memory. So there are a few, with growing pauses.

        Raises:
            SetupError: it does not come up; the text carries its last words.
        """
        reason = ""
        for turn in range(_STARTS):
            if turn:
                time.sleep(0.05 * 2 ** (turn - 1))
            if not keep_port and (turn or not _is_free(self.port)):
                self.port = free_port()
            self._process = spawn(
                self.prepare(), log_path=self._log_path, end_signal=self.stop_signal, account=self._account
            )
            reason = self._wait_ready()
            if not reason:
                return
        raise SetupError(f"{self.name} does not start: {reason} Its log is {self._log_path}.")

    def _wait_ready(self) -> str:
        if self._process is None:
            return "never started."
        reason = "no answer."
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return f"it ended with code {self._process.returncode}. {last_lines(self._log_path)}"
            try:
                self.ping()
            except ConnectionError as error:
                reason = f"no answer. {error}"
            else:
                return ""
            time.sleep(_PAUSE_SECONDS)
        self.stop()
        return reason

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """Ask it to end, wait, then kill it. Safe to call twice."""
        if self._process is None:
            return
        end_process(self._process, self.stop_signal, timeout_seconds)


def spawn(
    argv: Sequence[str], *, log_path: Path, end_signal: signal.Signals, account: Account | None = None
) -> subprocess.Popen[bytes]:
    """Start a program tied to this process, as `account`, in a session of its own, output to a log file.

    Its own session keeps a Ctrl-C of the terminal from ending it before those who need it.
    """
    command = tied_command(argv, end_signal=end_signal, account=account)
    if log_path.exists() and log_path.stat().st_size > _LOG_BYTES:
        log_path.replace(log_path.with_suffix(".old.log"))

    log_path.touch(mode=0o600)

    def start() -> subprocess.Popen[bytes]:
        with log_path.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - a program we ship, with arguments we made
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
            )

    return _starter.submit(start).result(timeout=120)


def tied_command(argv: Sequence[str], *, end_signal: signal.Signals, account: Account | None = None) -> list[str]:
    """The command that runs `argv` (its program an absolute path) and gives it `end_signal` when this process ends."""
    uid, gid = account or (-1, -1)
    numbers = (os.getpid(), int(end_signal), uid, gid)
    return [sys.executable, "-I", "-S", tied.__file__, *map(str, numbers), *argv]


def end_process(process: subprocess.Popen[bytes], end_signal: signal.Signals, timeout_seconds: float) -> None:
    """Ask a child to end, wait, then kill it."""
    if process.poll() is None:
        process.send_signal(end_signal)
        try:
            process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout_seconds)


def end_leftover(pid: int, mark: str, end_signal: signal.Signals, timeout_seconds: float = 15.0) -> bool:
    """End a server that an earlier, killed run left behind, if `pid` is really it.

    Args:
        pid: from the server's own pid file.
        mark: a text of its command line nobody else has, such as its data directory.
        end_signal: asks for an orderly end.
        timeout_seconds: then it is killed.

    Returns:
        Whether there was one.
    """
    if not _runs(pid, mark):
        return False
    for number in (end_signal, signal.SIGKILL):
        os.kill(pid, number)
        if _within(timeout_seconds, lambda: not _runs(pid, mark)):
            return True
    raise SetupError(f"The process {pid} of an earlier run does not end. End it by hand.")


def _within(timeout_seconds: float, check: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _runs(pid: int, mark: str) -> bool:
    """Whether a living process has `mark` in its command line; a zombie has an empty one."""
    if pid <= 0:
        return False
    proc = Path("/proc")
    if (proc / "self/cmdline").exists():
        try:
            line = (proc / str(pid) / "cmdline").read_bytes()
        except OSError:
            return False
    else:
        shown = subprocess.run(  # noqa: S603 - fixed program, a number as argument
            ["/bin/ps", "-o", "args=", "-p", str(pid)], capture_output=True, check=False, timeout=10
        )
        line = shown.stdout
    return os.fsencode(mark) in line


def read_pid(path: Path) -> int:
    """The process id on the first line of a pid file; 0 without one."""
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def last_lines(path: Path, count: int = 5) -> str:
    """The end of a log, in one line."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 4_000))
            lines = log.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return " | ".join(line.strip() for line in lines[-count:] if line.strip())


def free_port() -> int:
    """A TCP port of loopback nobody uses now.

    Below those the system gives away by itself, so that nobody is given it before it is used, nor while its server is
    started again.
    """
    while True:
        port = _LOWEST_PORT + secrets.randbelow(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return port != 0
