"""Every command of the runbooks is typed beside a running `anclora up`, or its page says why not."""

import re
import shlex
import signal
import sys
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from runbook_lines import Shown, filled, is_whole, shown_in
from typer.testing import CliRunner

from anclora.alerts.files.untried import UNTRIED
from anclora.cli.app import app
from anclora.cli.home import free_port
from anclora.kit.errors import AncloraError
from anclora.supervise import answers_200
from tests.journeys.up_process import Up, started, up
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)  # one of them starts everything
ROOT = Path(__file__).parent.parent.parent
RUNBOOKS = ROOT / "docs" / "runbooks"
BOOKS = sorted(RUNBOOKS.glob("*.md"))
PAGES = {page.name: [page] for page in BOOKS} | {"alerts": sorted((RUNBOOKS / "alerts").glob("*.md"))}
ANCLORA = re.compile(r"(?:\.venv/bin/)?anclora (?P<words>[^|;&<>]*)")


class Typed(NamedTuple):
    """How a line ended."""

    code: int
    said: str


class Desk:
    """Somebody at a terminal, with the env file loaded; each line is typed once, however many pages show it."""

    def __init__(self, running: Up, folder: Path) -> None:
        self._up = running
        self._env = running.env | {
            "ANCLORA_DATA_DIR": str(running.data_dir),
            "ANCLORA_ENV_FILE": "",
            "ANCLORA_BACKUP_URL": str(folder / "backups"),
            "ANCLORA_BACKUP_KEY_FILE": str(folder / "backup.key"),
            "COLUMNS": "200",
        }
        (folder / "backups").mkdir()
        self._seen: dict[str, Typed] = {}
        self.type("anclora backup key")
        sent = self.type("anclora send --to 34600111222 --text hola")
        hook = self.type("anclora hooks create https://crm.example.com/told --type message.failed --json")
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        later = self.type(f"anclora send --to 34600111222 --text later --send-at {tomorrow}")
        assert (sent.code, hook.code, later.code) == (0, 0, 0), (sent, hook, later)
        self.values = {
            "<id>": sent.said.split()[0],
            "cancel <id>": f"cancel {later.said.split()[0]}",
            "NAME": "sandbox",
            "ID": re.findall(r'"id": ?"([^"]+)"', hook.said)[0],
            "HOST:PORT": f"localhost:{running.port}",
            "localhost:8000": f"localhost:{running.port}",
            "ANCLORA_PUBLIC_URL": running.env["ANCLORA_URL"],
            "https://evolution.anclora.com": running.env["EVOLUTION_API_URL"],
            ".anclora/env": str(running.data_dir / "env"),
            "config.json": str(folder / "config.json"),
        }

    def type(self, line: str) -> Typed:
        line = line.removeprefix(".venv/bin/")
        if line not in self._seen:
            ours = ANCLORA.fullmatch(line)
            self._seen[line] = self._ours(ours["words"]) if ours else self._shell(line)
        return self._seen[line]

    def _ours(self, words: str) -> Typed:
        """In this process, since the start of Python is most of what a command costs."""
        said = re.sub(r"\$(\w+)", lambda found: self._env[found[1]], words)
        result = CliRunner().invoke(app, shlex.split(said), env=self._env)
        failed = result.exception
        if failed is None or isinstance(failed, SystemExit):
            return Typed(result.exit_code, result.output)
        if not isinstance(failed, AncloraError):
            raise failed
        return Typed(1, f"{result.output}anclora: {failed.detail}")

    def _shell(self, line: str) -> Typed:
        strictly = "" if line.endswith("| head") else "set -o pipefail; "  # who reads only the head stops the other
        ran = self._up.shell(f"cd {ROOT}; {self._exports()}; {_REDIS}; {strictly}{line}")
        return Typed(ran.returncode, ran.stdout + ran.stderr)

    def _exports(self) -> str:
        return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in self._env.items())

    @property
    def env(self) -> dict[str, str]:
        return self._env


# Whoever types `redis-cli` sits at the machine of Redis; ours has another port and a password.
_REDIS = 'redis-cli() { [ "$1" = -u ] || set -- -u "$REDIS_URL" "$@"; command redis-cli --no-auth-warning "$@"; }'


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Generator[Desk, None, None]:
    folder = tmp_path_factory.mktemp("runbooks")
    with up(folder / "data") as running:
        yield Desk(running, folder)


def lines_of(name: str) -> list[Shown]:
    return [one for page in PAGES[name] for one in shown_in(page.read_text(encoding="utf-8"))]


@pytest.mark.timeout(900)
def test_every_command_of_a_runbook_does_what_its_page_says(desk: Desk) -> None:
    assert desk.type("anclora backup run").code == 0  # some pages take one for granted
    wrong: list[str] = []
    for one in (one for name in PAGES for one in lines_of(name)):
        if one.mark in ("not run", "started"):
            continue
        typed = desk.type(filled(one.line, desk.values))
        if typed.code not in ({0, 1} if one.mark == "may end with 1" else {0}):
            wrong.append(f"{one.line}: ended with {typed.code}: {typed.said[-300:]}")
    assert wrong == []


async def test_every_process_a_runbook_starts_is_ready_and_ends_when_it_is_told_to(desk: Desk) -> None:
    lines = [one.line for name in PAGES for one in lines_of(name) if one.mark == "started"]
    by_role = {line.split("--role ")[1].split()[0]: line for line in lines}
    assert set(by_role) == {"api", "dispatch", "work"}
    for line in by_role.values():
        port = free_port()
        words = filled(line, {"8000": str(port), "9101": str(port), "9102": str(port), ".venv/bin/anclora": _PROGRAM})
        here = {"ANCLORA_PUBLIC_URL": desk.env["ANCLORA_URL"]}  # webhooks go on coming to who stands here already
        env = desk.env | here | dict(word.split("=") for word in words.split() if word.startswith("ANCLORA_"))
        command = [word for word in words.split() if not word.startswith("ANCLORA_")]
        with started(command, env, quiet=True) as process:
            await eventually(answers_200(f"http://127.0.0.1:{port}/health/ready"), timeout_seconds=120)
            process.send_signal(signal.SIGTERM)
            assert process.wait(90) == 0, line


_PROGRAM = str(Path(sys.executable).with_name("anclora"))


def test_the_pages_show_many_commands_and_each_mark_has_its_reason() -> None:
    every = [one for name in PAGES for one in lines_of(name)]
    assert len({one.line for one in every}) > 100
    assert [one for one in every if one.mark and len(one.reason.split()) < 4] == []
    assert len({one.line for one in every if one.mark == "not run"}) < len({one.line for one in every}) / 4


PAGE = """
<!-- not run: it needs a phone -->
```
anclora instances qr NAME
anclora instances \\
  health
```

```
anclora queue   # what waits
# only words
```

```
max(anclora_queue_depth) > 3
```

Type `anclora messages show <id>`, see `anclora incidents`, and `anclora keys revoke`; `anclora alerts list` too.

<!-- may end with 1: `anclora alerts list`: something may fire -->
"""


def test_what_a_page_shows_is_found_with_its_marks() -> None:
    assert [(one.line.split(), one.mark, one.reason) for one in shown_in(PAGE)] == [
        (["anclora", "instances", "qr", "NAME"], "not run", "it needs a phone"),
        (["anclora", "instances", "health"], "not run", "it needs a phone"),
        (["anclora", "queue"], "", ""),
        (["anclora", "messages", "show", "<id>"], "", ""),
        (["anclora", "alerts", "list"], "may end with 1", "something may fire"),
    ]


def test_no_reason_stands_for_a_command_that_no_page_shows() -> None:
    assert set(UNTRIED) <= {one.line for one in lines_of("alerts") if one.mark}


def test_a_name_is_no_command_to_type() -> None:
    assert [words for words in ("anclora queue", "anclora keys", "anclora keys revoke", "df") if is_whole(words)] == [
        "anclora queue"
    ]


def test_a_command_that_fails_is_told(desk: Desk) -> None:
    assert desk.type("anclora messages show 00000000-0000-0000-0000-000000000000").code == 1
    assert desk.type("anclora queue --wide").code == 2
    assert desk.type("curl -sf localhost:1/health").code != 0
