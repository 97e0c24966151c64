"""The playbook's own command against the sandbox, and the command line through the whole life of a number."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from up_process import Up, shell, up

from tests.conftest import needs

pytestmark = pytest.mark.timeout(300)  # each starts everything
# Word for word from the playbook; the shell fills in the names, as an operator's does.
RESTART = 'curl -s -X POST $EVOLUTION_API_URL/instance/restart/$INSTANCE -H "apikey: $EVOLUTION_API_KEY"'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Up, None, None]:
    folder: Path = tmp_path_factory.mktemp("numbers")
    with up(folder) as started:
        yield started


def curl(running: Up, command: str) -> Any:
    done = shell(command, **running.env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run(running: Up, *words: str, code: int = 0) -> Any:
    done = running.run("instances", *words, "--json")
    assert done.returncode == code, (done.stdout, done.stderr)
    return json.loads(done.stdout) if done.stdout else None


def test_the_playbooks_restart_works_and_is_refused_when_closed_while_ours_does_the_right_thing(running: Up) -> None:
    needs("curl")
    name = running.env["INSTANCE"]
    assert curl(running, RESTART) == {"instance": {"instanceName": name, "state": "open"}}
    logout = RESTART.replace("-X POST", "-X DELETE").replace("restart", "logout")
    assert curl(running, logout)["status"] == "SUCCESS"
    assert curl(running, RESTART) == {"error": True, "message": "[object Object]"}
    done = run(running, "restart", name)
    assert (done["state"], done["did"], done["asks_for_code"]) == ("close", "connect", True)
    paired = running.run("instances", "qr", name, "--wait-seconds", "90", "--json").stdout.splitlines()
    assert json.loads(paired[-1]) == {"instance": name, "state": "open", "paired": True}
    assert run(running, "restart", name)["did"] == "restart"


def test_a_number_lives_from_its_making_to_its_end(running: Up) -> None:
    assert run(running, "create", "second") == {"instance": "second"}
    assert run(running, "webhook", "second")["drift"] == []
    ill = run(running, "health", code=1)
    assert ("second", "disconnected") in {(each["name"], each["status"]) for each in ill["instances"]}
    assert run(running, "settings", "second", "--reject-calls")["reject_calls"] is True
    assert run(running, "proxy", "second") == {"proxy": None}
    run(running, "delete", "second", code=1)  # not without --yes
    assert run(running, "delete", "second", "--yes") == {"instance": "second"}
    assert "second" not in {each["name"] for each in run(running)}
