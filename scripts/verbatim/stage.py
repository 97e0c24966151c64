"""What the commands are typed against: `anclora up`, AWS on loopback, a small git clone; all of it gone afterwards.

Nothing of the shell it is called from reaches a command but `PATH`: nobody's real servers, keys or channels.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from anclora.cli.client import read_env
from anclora.cli.home import free_port
from anclora.storage.embedded.home import discard_outside
from anclora.storage.embedded.process import tied_command
from scripts.verbatim.ending import undisturbed
from scripts.verbatim.loopback import BACKUPS, CANNED, KEYS, aws_server, canned_server, client
from scripts.verbatim.shell import begun, read_until
from tests.ecs_server import Ecs, ecs_server

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv" / "bin"
SENT = 3
BOUND_SECONDS = 120.0
_ENDLESS_SECONDS = 120.0
_UP_SECONDS = 300.0
_REQUEST_SECONDS = 60.0
_PAUSE_SECONDS = 0.2
_TOOLS = ("bash", "curl", "jq", "redis-cli", "watch", "timeout", "make", "git")
_MAKEFILE = """lock:
\tcurl -s $$UV_DEFAULT_INDEX"canned/" | jq -r '"canned==" + .versions[-1]' > requirements.lock
\techo fresh==4.5.6 >> requirements.lock
test:
\tgrep -q canned==2.0.0 requirements.lock
"""


class StageError(Exception):
    """The stage cannot be set; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The running parts.

    Attributes:
        env: everything a command gets.
        clone: a git clone with a lock, for what makes branches.
        aws: where AWS answers.
        ecs: the stand-in of ECS.
        began: when; a day may end while it is played.
    """

    env: dict[str, str]
    clone: Path
    aws: str
    ecs: Ecs
    began: datetime

    @property
    def days(self) -> set[date]:
        """Today; yesterday too when a day ended meanwhile."""
        return {self.began.date(), datetime.now(UTC).date()}

    def ask(self, path: str, body: object = None) -> Any:
        """The API's answer, by the key."""
        return _ask(self.env, path, body)


@contextlib.contextmanager
def staged(say: Callable[[str], None]) -> Generator[Stage, None, None]:
    """Set everything up, and end it with the block.

    Raises:
        StageError: a program is missing, or a part does not come up.
    """
    tools, began = _tools(), datetime.now(UTC)
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="anclora-verbatim-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o711)  # under root the private Postgres runs as somebody else, who must get in
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        (folder / "tmp").chmod(0o1777)
        say("Starting AWS, a package index and an advisory service on loopback …")
        aws, canned = stack.enter_context(aws_server(began)), stack.enter_context(canned_server())
        ecs = stack.enter_context(ecs_server())
        env = _environment(folder, aws, canned) | tools | {"AWS_ENDPOINT_URL_ECS": ecs.url, "NEW_REVISION": "2"}
        clone = _clone(folder / "clone", env)
        say("Starting Anclora …")
        env |= stack.enter_context(_up(folder, env))
        stage = Stage(env=env, clone=clone, aws=aws, ecs=ecs, began=began)
        _fill(stage)
        yield stage


def _tools() -> dict[str, str]:
    missing = [name for name in _TOOLS if shutil.which(name) is None]
    aws = next((path for path in _programs("aws") if _is_second(path)), None)
    missing += [] if aws else ["aws (its version 2, for `logs tail`)"]
    if missing:
        packages = "bash curl jq redis-tools procps make git awscli"
        raise StageError(f"Missing: {', '.join(missing)}. On Debian: apt-get install {packages}")
    return {"AWS_PROGRAM": aws or ""}


def _programs(name: str) -> list[str]:
    """Every program of that name, the system's own first."""
    folders = ["/usr/bin", *os.environ.get("PATH", "").split(os.pathsep)]
    return list(dict.fromkeys(path for folder in folders if (path := shutil.which(name, path=folder))))


def _is_second(aws: str) -> bool:
    said = subprocess.run([aws, "--version"], capture_output=True, text=True, timeout=BOUND_SECONDS, check=False)
    return said.stdout.startswith("aws-cli/2")


def _environment(folder: Path, aws: str, canned: str) -> dict[str, str]:
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "xterm",
        "COLUMNS": "160",
        "NO_PROXY": "127.0.0.1",
        "BOUND_SECONDS": f"{_ENDLESS_SECONDS:.0f}",
        "PYTHONUNBUFFERED": "1",  # what goes on for ever should say at once what it has to say
        **KEYS,
        "AWS_ENDPOINT_URL": aws,
        "UV_DEFAULT_INDEX": f"{canned}/simple/",
        "ANCLORA_ENV_FILE": "",
        "ANCLORA_DATA_DIR": str(folder / "data"),
        "ANCLORA_ADVISORIES_URL": f"{canned}/v1/query",
        "ANCLORA_AUDIT_KEY": secrets.token_hex(32),
        "ANCLORA_BACKUP_URL": f"s3://{BACKUPS}",
        "ANCLORA_BACKUP_KEY_FILE": str(folder / "backup.key"),
        "ANCLORA_BACKUP_KINDS": "redis",
    }


def _clone(folder: Path, env: dict[str, str]) -> Path:
    """A clone whose lock is older than the index."""
    folder.mkdir()
    (folder / "Makefile").write_text(_MAKEFILE)
    (folder / "requirements.lock").write_text("".join(f"{name}=={all_[0]}\n" for name, all_ in CANNED["index"].items()))
    me = ["-c", "init.defaultBranch=main"]
    for words in (
        [*me, "init", "-q"],
        ["config", "user.name", "Playbook"],
        ["config", "user.email", "playbook@example.com"],
        ["add", "."],
        ["commit", "-qm", "first"],
    ):
        with undisturbed():
            subprocess.run(["git", *words], cwd=folder, env=env, timeout=BOUND_SECONDS, check=True)
    return folder


@contextlib.contextmanager
def _up(folder: Path, env: dict[str, str]) -> Generator[dict[str, str], None, None]:
    """`anclora up` with the key of its backups; what it wrote into its env file."""
    anclora, data = str(BIN / "anclora"), Path(env["ANCLORA_DATA_DIR"])
    key = [anclora, "backup", "key"]
    with undisturbed():
        subprocess.run(key, env=env, timeout=BOUND_SECONDS, check=True, stdout=subprocess.DEVNULL)
    words = [anclora, "up", "--port", str(free_port()), "--data-dir", str(data)]
    try:
        with begun(tied_command(words, end_signal=signal.SIGTERM), env, folder, folder / "up.err") as process:
            said = read_until(process, lambda text: "Ctrl-C" in text, _UP_SECONDS)
            if "Anclora is up" not in said:
                raise StageError(f"`anclora up` does not come up: {said}{(folder / 'up.err').read_text()[-2_000:]}")
            yield read_env(data)
    finally:
        discard_outside(data)


def _fill(stage: Stage) -> None:
    """Some messages that are sent, and the first backup of the day; as healthy as it gets."""
    for each in range(SENT):
        stage.ask("/api/v1/messages", {"to": f"3460011122{each}", "text": "hola"})
    wait("its messages are not sent", lambda: _overview(stage)["messages"]["sent"] == SENT)
    wait("it is not healthy", lambda: stage.ask("/health")["status"] == "healthy")
    s3 = client(stage.aws, "s3")
    wait("there is no backup in the bucket", lambda: _manifests(s3) > 0)


def _overview(stage: Stage) -> Any:
    return stage.ask("/analytics/metrics/overview")


def _manifests(s3: Any) -> int:
    found = s3.list_objects_v2(Bucket=BACKUPS, Prefix="redis/daily/", Delimiter="/")
    return len(found.get("Contents", ()))


def wait(what: str, is_so: Callable[[], bool]) -> None:
    """Wait until it is so.

    Raises:
        StageError: it never was; `what` says what is wrong.
    """
    deadline = time.monotonic() + _UP_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):  # 503 of a part that is only just starting, or no answer in time
            if is_so():
                return
        time.sleep(_PAUSE_SECONDS)
    raise StageError(f"Anclora is up, but after {_UP_SECONDS:.0f} s {what}.")


def _ask(env: dict[str, str], path: str, body: object) -> Any:
    request = Request(  # noqa: S310 - our own loopback address
        f"{env['ANCLORA_URL']}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-API-Key": env["API_KEY"], "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=_REQUEST_SECONDS) as answer:  # noqa: S310 - the same
        return json.load(answer)
