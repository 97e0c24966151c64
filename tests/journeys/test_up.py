"""`anclora up` as a person meets it: one command, then the lines of the README and of the operator's playbook."""

import contextlib
import json
import stat
import threading
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest
from up_process import Up, anclora, shell, up

from anclora.access import list_keys
from anclora.cli.home import free_port
from anclora.deploy.model import Rollout, Service, Task
from anclora.deploy.smoke import smoke
from anclora.kit.clock import SystemClock
from anclora.smoke import Asked
from anclora.storage.database import Database, open_pool
from tests.conftest import needs
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)  # one of them starts everything
ROOT = Path(__file__).parent.parent.parent
OVERVIEW = "curl -s localhost:8000/analytics/metrics/overview"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Up, None, None]:
    with up(tmp_path_factory.mktemp("up") / "data") as process:
        yield process


def state_of(running: Up, message: str) -> str:
    shown = running.run("messages", "show", message, "--json")
    return str(json.loads(shown.stdout)["state"])


def send(running: Up, *words: str) -> str:
    sent = running.run("send", *words, "--json")
    assert sent.returncode == 0, sent.stderr
    return str(json.loads(sent.stdout)["id"])


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("curl localhost:8000/health | jq .status", '"healthy"'),
        ("curl localhost:8000/health | jq '.status'", '"healthy"'),
        ("""curl localhost:8000/api/whatsapp/instances | jq '.instances[] | select(.status=="connected") | .name'""",
         '"sandbox"'),
    ],
)  # fmt: skip
async def test_the_playbooks_lines_answer_word_for_word(running: Up, line: str, answer: str) -> None:
    needs("curl")
    needs("jq")

    async def answers() -> bool:  # what another test did may keep it busy for a moment
        return running.shell(line).stdout.strip() == answer

    await eventually(answers)


def test_the_queue_counts_what_waits(running: Up) -> None:
    needs("jq")
    assert int(running.shell("curl localhost:8000/queue/metrics | jq .waiting").stdout) >= 0


def test_the_error_rate_is_a_line_of_the_metrics(running: Up) -> None:
    needs("curl")
    lines = running.shell("curl -s localhost:8000/metrics | grep error_rate").stdout.splitlines()
    assert any(line.startswith("anclora_error_rate ") for line in lines)


def test_the_figures_need_a_key(running: Up) -> None:
    needs("jq")
    assert running.shell(f"{OVERVIEW} -o /dev/null -w '%{{http_code}}'").stdout == "401"
    figures = json.loads(running.shell(f"source {running.data_dir}/env; {playbook('Review key metrics')}").stdout)
    assert figures["messages"] >= 0
    assert figures["handoffs"] == figures["conversions"]["leads"] == 0
    assert figures.keys() == {"messages", "conversions", "handoffs"}


def playbook(step: str) -> str:
    """What the operator's playbook says to type at this step, word for word, its host replaced."""
    text = (ROOT / "docs" / "reference" / "playbook-original.md").read_text().partition(f". {step}\n")[2]
    return text.partition("\n\n")[0].replace("https://anclora.com", "localhost:8000")


def test_the_evening_report_is_one_line(running: Up) -> None:
    assert playbook("Generate daily report").split()[1] == "scripts/reports/daily-summary.js"
    line = "python scripts/reports/daily-summary.py"
    told = running.shell(f"cd {ROOT}; source {running.data_dir}/env; {line}")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("# Resumen diario\n")
    for title in ("## Mensajes", "## Conversaciones", "## Conversiones", "| Ingresos totales en EUR | 0,00 |"):
        assert title in told.stdout


async def test_a_message_is_read_and_its_timeline_is_shown(running: Up) -> None:
    sent = running.run("send", "--to", "34600111222", "--text", "hola")
    assert sent.returncode == 0, sent.stderr
    message = sent.stdout.split()[0]

    async def is_read() -> bool:
        return state_of(running, message) == "read"

    await eventually(is_read, timeout_seconds=90)
    shown = running.run("messages", "show", message).stdout
    words = [line.split()[3] for line in shown.partition("It is read.")[2].splitlines() if line]
    assert words[:2] == ["accepted", "attempt"]
    assert sorted(words[2:]) == ["delivered", "read", "sent"]  # a receipt may overtake the answer
    assert message in running.run("messages", "list", "--to", "34600111222").stdout


async def test_who_opted_out_gets_nothing_until_they_opt_in(running: Up) -> None:
    person = "+34600999888"
    assert running.run("contacts", "opt-out", person, "--reason", "asked us to stop").returncode == 0
    assert "asked us to stop" in running.run("contacts", "show", person).stdout
    message = send(running, "--to", person, "--text", "hola")

    async def is_blocked() -> bool:
        return state_of(running, message) == "blocked"

    await eventually(is_blocked)
    assert running.run("contacts", "opt-in", person).returncode == 0
    assert "opted out" not in running.run("contacts", "show", person).stdout


def test_the_env_file_is_the_owners_alone_and_loads_in_a_shell(running: Up, tmp_path: Path) -> None:
    path = running.data_dir / "env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(running.env) == {
        "API_KEY", "ANCLORA_URL", "DATABASE_URL", "REDIS_URL", "EVOLUTION_API_URL", "EVOLUTION_API_KEY", "INSTANCE",
    }  # fmt: skip
    assert f"source {path}" in running.said
    assert running.env["API_KEY"] in running.said
    line = f"cd {tmp_path} && source {path} && anclora send --to 34600111222 --text hola --instance $INSTANCE --json"
    sent = shell(line)
    assert (sent.returncode, json.loads(sent.stdout)["instance"]) == (0, "sandbox"), sent.stderr


def test_the_operator_sees_lanes_and_numbers(running: Up) -> None:
    queue = json.loads(running.run("queue", "--json").stdout)
    assert set(queue) >= {"waiting", "active", "delayed", "held", "scheduled", "dlq", "lanes"}
    assert json.loads(running.run("instances", "sync", "--json").stdout) == [
        {"name": "sandbox", "state": "open", "webhook": "set"}
    ]
    numbers = json.loads(running.run("instances", "--json").stdout)
    assert [(each["name"], each["status"]) for each in numbers] == [("sandbox", "connected")]
    assert {"since", "owner"} <= numbers[0].keys()


def test_keys_are_made_shown_once_and_ended(running: Up) -> None:
    made = json.loads(running.run("keys", "create", "--name", "till", "--scope", "messages:read", "--json").stdout)
    assert made["key"].startswith("ak_")
    listed = running.run("keys", "list", "--json").stdout
    assert made["key"] not in listed
    reading = {"ANCLORA_DATA_DIR": str(running.data_dir), "API_KEY": made["key"]}
    assert anclora("messages", "list", **reading).returncode == 0
    refused = anclora("send", "--to", "34600111222", "--text", "hola", **reading)
    assert (refused.returncode, "messages:send" in refused.stderr) == (1, True)
    prefix = next(each["prefix"] for each in json.loads(listed) if each["name"] == "till")
    assert running.run("keys", "revoke", prefix).returncode == 0


def test_an_unknown_number_of_ours_is_named_with_the_known_ones(running: Up) -> None:
    refused = running.run("send", "--to", "34600111222", "--text", "hola", "--instance", "nope")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "anclora: There is no instance 'nope'. Known: sandbox.\n"
    words = json.loads(running.run("send", "--to", "1", "--text", "hola", "--json").stderr)
    assert words["code"] == "invalid_phone"


def test_a_second_one_on_the_same_folder_is_refused_naming_the_first(running: Up) -> None:
    second = anclora("up", "--port", "1", "--data-dir", str(running.data_dir))
    assert second.returncode == 1
    second = anclora("up", "--data-dir", str(running.data_dir), "--port", str(free_port()))
    assert (second.returncode, second.stdout) == (1, "")
    assert f"belong to the running process {running.process.pid}." in second.stderr


def test_a_port_in_use_is_refused_before_anything_starts(running: Up, tmp_path: Path) -> None:
    second = anclora("up", "--port", str(running.port), "--data-dir", str(tmp_path / "data"))
    assert (second.returncode, second.stdout) == (1, "")
    assert f"Port {running.port} of 127.0.0.1 cannot be used" in second.stderr
    assert not (tmp_path / "data").exists()


def test_a_bad_setting_refuses_to_start_and_names_the_variable(tmp_path: Path) -> None:
    refused = anclora("up", "--data-dir", str(tmp_path / "data"), ANCLORA_LEASE_SECONDS="soon")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "ANCLORA_LEASE_SECONDS" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_without_a_running_one_a_command_says_what_to_do(tmp_path: Path) -> None:
    lost = anclora("messages", "list", ANCLORA_DATA_DIR=str(tmp_path))
    assert (lost.returncode, "anclora up" in lost.stderr) == (1, True)
    away = anclora("queue", "--json", ANCLORA_DATA_DIR=str(tmp_path), API_KEY="ak_x", ANCLORA_URL="http://127.0.0.1:1")
    assert (away.returncode, json.loads(away.stderr)["code"]) == (1, "unavailable")


SMOKE = ("smoke", "--env", "production", "--to", "+34600111999")


@contextlib.contextmanager
def without_webhooks(base_url: str) -> Generator[str, None, None]:
    """The same server behind a proxy that somebody gave a wrong route: webhooks lead nowhere."""

    class Proxy(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path.startswith("/webhooks/"):
                self.answer(502, b"Bad gateway")
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            request = Request(base_url + self.path, data=body or None, headers=headers, method=self.command)  # noqa: S310 - loopback
            try:
                with urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
                    self.answer(answer.status, answer.read())
            except HTTPError as error:
                self.answer(error.code, error.read())

        do_GET = do_POST = pass_on  # noqa: N815 - what the library calls

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nothing: the test tells."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(timeout=10)


def figures(running: Up) -> dict[str, int]:
    """What the overview says of messages."""
    return json.loads(running.run("analytics", "overview", "--json").stdout)["messages"]


def test_the_smoke_test_goes_every_path_and_is_in_no_figure(running: Up) -> None:
    before, after = {}, figures(running)
    for _ in range(3):  # a message of another test may have its receipt meanwhile
        before = after
        told = running.run(*SMOKE, "--base-url", f"http://127.0.0.1:{running.port}", "--json")
        found = json.loads(told.stdout)
        assert told.returncode == 0, found
        assert [step["name"] for step in found["steps"]] == [
            *("health", "metrics", "refusal", "number", "webhook", "message", "receipt")
        ]
        after = figures(running)
        if after == before:
            break
    assert after == before
    assert "every path goes" in running.run(*SMOKE).stdout


async def test_a_release_on_ecs_is_tried_at_a_task_of_its_own_by_a_key_that_is_gone_behind_it(running: Up) -> None:
    new = Task(id="b", definition="anclora-whatsapp:2", rollout="new", status="RUNNING", health="HEALTHY", digest="",
               url=f"http://127.0.0.1:{running.port}")  # fmt: skip
    old = msgspec.structs.replace(new, id="a", rollout="old", url="http://127.0.0.1:1")
    rollout = Rollout(id="new", definition=new.definition, is_primary=True, state="COMPLETED", reason="", desired=1,
                      running=1, pending=0, failed=0, created_at=datetime.now(UTC))  # fmt: skip
    service = Service(cluster="anclora-production", name="anclora-whatsapp", definition=new.definition, desired=1,
                      running=1, rollouts=(rollout,), tasks=(old, new), configuration={})  # fmt: skip
    asked = Asked(env="production", to="+34600111999")
    db = Database(await open_pool(running.env["DATABASE_URL"], max_size=2))
    try:
        steps = await smoke(db, service, SystemClock(), asked, actor="cli:ana")
        keys = [key for key in await list_keys(db) if key.name == "smoke test"]
    finally:
        await db.close()
    assert [step for step in steps if not step.good] == []
    assert len(steps) == 7
    assert [key.revoked_at is None for key in keys] == [False]


def test_a_broken_webhook_route_fails_the_smoke_test_and_is_named(running: Up) -> None:
    with without_webhooks(f"http://127.0.0.1:{running.port}") as url:
        told = running.run(*SMOKE, "--base-url", url)
    assert told.returncode == 1
    assert "production: failed: webhook" in told.stdout
    assert "/webhooks/evolution/sandbox answered 502, not 401" in " ".join(told.stdout.split())


def test_a_smoke_test_without_a_number_says_what_to_do(running: Up) -> None:
    told = running.run("smoke", "--env", "production")
    assert (told.returncode, "--to +34600111222" in told.stderr) == (2, True)


def test_a_message_is_explained_by_its_rule_and_its_timeline(running: Up) -> None:
    at = (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="seconds")
    message = send(running, "--to", "+34600111777", "--text", "later", "--send-at", at)
    told = running.run("messages", "explain", message, "--json")
    explained = json.loads(told.stdout)
    assert (explained["rule"], [entry["what"] for entry in explained["timeline"]]) == ("schedule", ["accepted"])
    assert explained["text"] in " ".join(running.run("messages", "explain", message).stdout.split())
