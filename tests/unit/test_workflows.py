"""The workflows: actions by commit, no stored key, production behind an approval, and nothing there that builds."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.compose import ROOT

FOLDER = ROOT / ".github" / "workflows"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yml")}
# YAML 1.1 reads the word `on` as true.
FLOWS: dict[str, dict[Any, Any]] = {name: yaml.safe_load(text) for name, text in TEXTS.items()}


def jobs(flow: str) -> dict[str, Any]:
    return FLOWS[flow]["jobs"]


def test_when_each_runs() -> None:
    assert set(FLOWS) == {"ci", "staging", "production"}
    assert set(FLOWS["ci"][True]) == {"pull_request", "workflow_call"}
    assert FLOWS["staging"][True] == {"push": {"branches": ["main"]}}
    assert FLOWS["production"][True] == {"push": {"tags": ["v*"]}}


@pytest.mark.parametrize("flow", sorted(TEXTS))
def test_actions_are_named_by_commit_and_every_job_ends(flow: str) -> None:
    used = re.findall(r"uses: (\S+)(.*)", TEXTS[flow])
    assert [name for name, _ in used if not name.startswith("./") and not re.search(r"@[0-9a-f]{40}$", name)] == []
    assert all(re.match(r" # v\d+\.\d+\.\d+$", version) for name, version in used if "@" in name)
    assert all("timeout-minutes" in job or "uses" in job for job in jobs(flow).values())
    assert "secrets." not in TEXTS[flow]


def test_ci_runs_what_everybody_runs_and_its_job_is_the_check_that_main_waits_for() -> None:
    assert ".ci/run" in jobs("ci")["checks"]["steps"][-1]["run"]
    ruleset = json.loads((ROOT / "deploy/access/github/rulesets/main-checked.json").read_text(encoding="utf-8"))
    [checks] = [rule for rule in ruleset["rules"] if rule["type"] == "required_status_checks"]
    awaited = [each["context"] for each in checks["parameters"]["required_status_checks"]]
    assert awaited == [jobs("ci")["checks"]["name"]]
    assert FLOWS["ci"]["permissions"] == {"contents": "read"}


def test_an_image_is_made_once_after_every_check() -> None:
    image = jobs("staging")["image"]
    assert (image["needs"], image["environment"]) == ("checks", "staging")
    assert jobs("staging")["checks"]["uses"] == "./.github/workflows/ci.yml"
    assert sum(text.count("docker buildx build") for text in TEXTS.values()) == 1


def test_production_waits_for_an_approval_comes_without_a_key_and_builds_nothing() -> None:
    [promote] = jobs("production").values()
    assert promote["environment"] == "production"
    assert promote["permissions"] == {"contents": "read", "id-token": "write"}
    assert FLOWS["production"]["concurrency"]["cancel-in-progress"] is False
    assert "docker" not in TEXTS["production"]
    [approval] = [json.loads((ROOT / "deploy/access/github/production.json").read_text(encoding="utf-8"))]
    assert approval["prevent_self_review"] is True
    assert approval["deployment_branch_policy"] == {"protected_branches": False, "custom_branch_policies": True}


def test_each_environment_has_a_role_that_only_its_own_jobs_get() -> None:
    parts = json.loads((ROOT / "deploy/access/aws/github.json").read_text(encoding="utf-8"))["Resources"]
    for name in ("staging", "production"):
        [trust] = parts[name.capitalize()]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        exact = trust["Condition"]["StringEquals"]
        assert exact["token.actions.githubusercontent.com:sub"] == {"Fn::Sub": f"${{Subject}}:environment:{name}"}
        assert exact["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    images, _rollout = parts["Production"]["Properties"]["Policies"]
    [promote] = images["PolicyDocument"]["Statement"]
    assert promote["Action"] == ["ecr:BatchGetImage", "ecr:PutImage"]
    assert parts["Repository"]["Properties"]["ImageTagMutability"] == "IMMUTABLE"


@pytest.mark.parametrize(
    ("flow", "job", "made", "judged"),
    [("staging", "image", "built", "--minutes 0"), ("production", "promote", "promoted", "--roll-back")],
)
def test_what_was_made_is_rolled_out_by_its_digest_and_verified(flow: str, job: str, made: str, judged: str) -> None:
    """Staging has nobody to judge a release by; production is judged, and goes back."""
    steps = jobs(flow)[job]["steps"]
    makes, verifies = steps[-2:]
    assert makes["id"] == made
    assert 'echo "digest=$' in makes["run"]
    assert verifies["env"] == {"DIGEST": f"${{{{ steps.{made}.outputs.digest }}}}"}
    assert verifies["run"].strip() == f'scripts/rollout.sh anclora-{flow} "$DIGEST" {judged}'
    assert not {"if", "continue-on-error"} & {*verifies, *jobs(flow)[job]}
    assert jobs(flow)[job]["env"]["SMOKE_TO"] == "${{ vars.SMOKE_TO }}"
    script = (ROOT / "scripts/rollout.sh").read_text(encoding="utf-8")
    assert 'run "$DEPLOY_ROLE_ARN" deploy verify --digest "$digest" "$@"' in script.splitlines()


def test_a_rollout_may_only_touch_its_own_cluster() -> None:
    parts = json.loads((ROOT / "deploy/access/aws/github.json").read_text(encoding="utf-8"))["Resources"]
    for name, other in (("staging", "production"), ("production", "staging")):
        _images, rollout = parts[name.capitalize()]["Properties"]["Policies"]
        said = {each["Sid"]: each for each in rollout["PolicyDocument"]["Statement"]}
        assert other not in json.dumps(said)
        assert [sid for sid, each in said.items() if each["Resource"] == "*"] == ["Revise"]
        assert f"cluster/anclora-{name}" in json.dumps(said["Run"]["Condition"])
        services = [each["Fn::Sub"].partition(":service/")[2] for each in said["Update"]["Resource"]]
        assert services == [f"anclora-{name}/anclora-whatsapp", f"anclora-{name}/anclora-whatsapp-*"]
