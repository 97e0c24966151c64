"""The script that rolls a release out, run as it stands, against what takes the place of AWS's command line."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.compose import ROOT
from tests.conftest import needs

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
ROLE = "arn:aws:iam::1:role/anclora-production-deploy"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
ARN = "arn:aws:ecs:eu-west-1:1:task-definition/"
MAIN, DISPATCH, WORK = "anclora-whatsapp", "anclora-whatsapp-dispatch", "anclora-whatsapp-work"
# Answers as `aws` does with the `--query` and `--output` of the script, from the file `services`: what each runs. A
# task ends at the second look, with the code that the file `codes` has for its command; with -1 it never does. With
# `back` in it `deploy verify` has the first service go back, with `lost` ECS takes the last one back.
AWS = f"""#!{sys.executable}
import json, os, pathlib, sys
folder, words = pathlib.Path(os.environ["FOLDER"]), sys.argv[1:]
verb, given = words[1], dict(zip(words[2::2], words[3::2]))
with (folder / "asked").open("a") as asked:
    asked.write(json.dumps([verb, given]) + "\\n")
query, known = given.get("--query", ""), folder / "services"
services, codes = json.loads(known.read_text()), json.loads((folder / "codes").read_text())
if verb == "describe-services" and "serviceName" in query:
    beside = [name for name in words[words.index("--services") + 1:] if name in services]
    if beside:
        print("\\n".join(name + "\\t" + services[name] for name in beside))
elif verb == "describe-services":
    print(json.dumps(services["{MAIN}"]) if "taskDefinition" in query else {json.dumps(NETWORK)!r})
elif verb == "describe-task-definition":
    image = "1.dkr.ecr.eu-west-1.amazonaws.com/anclora@{OLD}"
    family, _, number = given["--task-definition"].rpartition(":")
    print(json.dumps({{"family": family.partition("/")[2], "revision": int(number), "status": "ACTIVE", "cpu": "1024",
        "containerDefinitions": [{{"name": "prepare", "image": image}}, {{"name": "anclora", "image": image}}]}}))
elif verb == "register-task-definition":
    print("{ARN}" + json.loads(given["--cli-input-json"])["family"] + ":8")
elif verb == "update-service":
    known.write_text(json.dumps({{**services, given["--service"]: given["--task-definition"]}}))
elif verb == "wait" and codes.get("lost"):
    known.write_text(json.dumps({{**services, words[-1]: "{ARN}" + words[-1] + ":7"}}))
elif verb == "run-task":
    (folder / "looks").write_text("")
    (folder / "now").write_text(" ".join(json.loads(given["--overrides"])["containerOverrides"][0]["command"]))
    print("arn:aws:ecs:eu-west-1:1:task/anclora-production/0123")
elif verb == "describe-tasks":
    looks, now = (folder / "looks").read_text(), (folder / "now").read_text().split()[0]
    if "lastStatus" in query:
        (folder / "looks").write_text(looks + ".")
        print("STOPPED" if looks and codes.get(now) != -1 else "RUNNING")
    else:
        if now == "deploy" and codes.get("back"):
            known.write_text(json.dumps({{**services, "{MAIN}": "{ARN}{MAIN}:7"}}))
        print(codes.get(now, 0))
"""


def rollout(
    folder: Path, smoke_to: str = "", beside: Sequence[str] = (), /, **codes: int
) -> tuple[subprocess.CompletedProcess[str], list[tuple[str, dict[str, Any]]]]:
    """Roll out; `codes` = what commands of the program end with. Its end, and what was asked of AWS.

    `smoke_to` = the test number, as GitHub hands over a variable: empty when nobody set it; `beside` = services of
    other roles.
    """
    needs("jq")
    command = folder / "bin" / "aws"
    command.parent.mkdir()
    command.write_text(AWS)
    command.chmod(0o755)
    (folder / "codes").write_text(json.dumps(codes))
    (folder / "services").write_text(json.dumps({name: f"{ARN}{name}:7" for name in (MAIN, *beside)}))
    words = [str(ROOT / "scripts/rollout.sh"), "anclora-production", NEW, "--roll-back"]
    env = {
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "FOLDER": str(folder),
        "DEPLOY_ROLE_ARN": ROLE,
        "SMOKE_TO": smoke_to,
        "LOOK_SECONDS": "0",
        "MOST_LOOKS": "4",
    }
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=50, check=False)
    return done, [(verb, given) for verb, given in map(json.loads, (folder / "asked").read_text().splitlines())]


def said(asked: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    """What was changed, in order, and for a task what it runs."""
    found: list[tuple[str, str]] = []
    for verb, given in asked:
        if verb == "run-task":
            found.append((verb, " ".join(json.loads(given["--overrides"])["containerOverrides"][0]["command"])))
        elif verb in ("register-task-definition", "update-service"):
            found.append((verb, given.get("--task-definition", "").removeprefix(ARN)))
    return found


def test_a_release_is_backed_up_migrated_rolled_out_and_verified_by_its_digest(tmp_path: Path) -> None:
    done, asked = rollout(tmp_path)
    assert done.returncode == 0, done.stderr
    assert said(asked) == [
        ("register-task-definition", ""),
        ("run-task", "backup run --kind postgres"),
        ("run-task", "migrate"),
        ("update-service", f"{MAIN}:8"),
        ("run-task", f"deploy verify --digest {NEW} --roll-back"),
    ]
    [made] = [json.loads(given["--cli-input-json"]) for verb, given in asked if verb == "register-task-definition"]
    assert {each["image"].partition("@")[2] for each in made["containerDefinitions"]} == {NEW}
    assert not {"revision", "status"} & {*made}
    tasks = [given for verb, given in asked if verb == "run-task"]
    assert {each["--task-definition"] for each in tasks} == {f"{ARN}{MAIN}:8"}
    assert all(json.loads(each["--network-configuration"]) == NETWORK for each in tasks)
    assert [json.loads(each["--overrides"]).get("taskRoleArn") for each in tasks] == [None, None, ROLE]


def test_with_a_test_number_every_path_is_tried_first(tmp_path: Path) -> None:
    done, asked = rollout(tmp_path, "+34600111999")
    assert done.returncode == 0, done.stderr
    assert said(asked)[-1] == ("run-task", f"deploy verify --digest {NEW} --roll-back --smoke-to +34600111999")


def test_services_of_other_roles_follow(tmp_path: Path) -> None:
    done, asked = rollout(tmp_path, "", (DISPATCH, WORK))
    assert done.returncode == 0, done.stderr
    changes = [words for verb, words in said(asked) if verb == "update-service"]
    assert changes == [f"{MAIN}:8", f"{DISPATCH}:8", f"{WORK}:8"]
    assert [verb for verb, _ in asked].index("wait") > max(
        place for place, (verb, _) in enumerate(asked) if verb == "run-task"
    )


def test_they_go_back_with_what_was_judged_bad(tmp_path: Path) -> None:
    done, asked = rollout(tmp_path, "", (DISPATCH, WORK), deploy=1, back=1)
    assert done.returncode == 1
    changes = [words for verb, words in said(asked) if verb == "update-service"]
    assert changes == [f"{MAIN}:8", f"{DISPATCH}:8", f"{WORK}:8", f"{DISPATCH}:7", f"{WORK}:7"]


def test_they_stay_with_what_could_not_be_judged(tmp_path: Path) -> None:
    done, asked = rollout(tmp_path, "", (DISPATCH, WORK), deploy=1)
    assert done.returncode == 1
    assert sum(verb == "update-service" for verb, _ in asked) == 3


def test_one_that_ecs_took_back_is_told(tmp_path: Path) -> None:
    done, _ = rollout(tmp_path, "", (DISPATCH, WORK), lost=1)
    assert done.returncode == 1
    assert "not every service beside them does" in done.stdout


@pytest.mark.parametrize(("command", "changed"), [("backup", False), ("migrate", False), ("deploy", True)])
def test_what_fails_ends_it_with_its_name(tmp_path: Path, command: str, changed: bool) -> None:
    done, asked = rollout(tmp_path, **{command: 1})
    assert done.returncode == 1
    assert f"::error::anclora {command}" in done.stdout
    assert (any(verb == "update-service" for verb, _ in asked)) is changed
    assert said(asked)[-1][1].startswith(command)


def test_a_command_that_never_ends_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    done, asked = rollout(tmp_path, migrate=-1)
    assert done.returncode == 1
    assert "::error::anclora migrate has not ended" in done.stdout
    assert "task 0123" in done.stdout
    assert said(asked)[-1] == ("run-task", "migrate")
    assert sum("lastStatus" in given.get("--query", "") for _, given in asked) == 2 + 4
