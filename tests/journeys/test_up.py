"""`anclora up` as a person meets it: one command, then the lines of the README and of the operator's playbook."""

import json
import stat
from collections.abc import Generator
from pathlib import Path

import pytest
from up_process import Up, anclora, shell, up

from tests.conftest import needs
from tests.waiting import eventually

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
def test_the_playbooks_lines_answer_word_for_word(running: Up, line: str, answer: str) -> None:
    needs("curl")
    needs("jq")
    assert running.shell(line).stdout.strip() == answer


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
    for title in ("## Mensajes", "## Conversaciones", "## Conversiones", "| Ingresos, todo en EUR | 0,00 |"):
        assert title in told.stdout


async def test_a_message_is_read_and_its_timeline_is_shown(running: Up) -> None:
    sent = running.run("send", "--to", "34600111222", "--text", "hola")
    assert sent.returncode == 0, sent.stderr
    message = sent.stdout.split()[0]

    async def is_read() -> bool:
        return state_of(running, message) == "read"

    await eventually(is_read, timeout_seconds=30)
    shown = running.run("messages", "show", message).stdout
    words = [line.split()[3] for line in shown.partition("It is read.")[2].splitlines() if line]
    assert words == ["accepted", "attempt", "sent", "delivered", "read"]
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
    second = anclora("up", "--data-dir", str(running.data_dir), "--port", str(running.port + 1))
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
