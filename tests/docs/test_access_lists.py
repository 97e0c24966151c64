"""The playbook's three access lists: every row has a file in `deploy/access`, and the file gives what the row says."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import compose

ROOT = Path(__file__).parent.parent.parent
ACCESS = ROOT / "deploy" / "access"
PLAYBOOK = ROOT / "docs" / "reference" / "playbook-original.md"
_LOOKS = re.compile(r"^(Describe|Get|List|BatchGet|Filter)|^(StartQuery|StopQuery)$")
_POLICY_LIMIT = 6_144


class Row(NamedTuple):
    """A line of a list: the list, whom it speaks of, and what it says."""

    place: str
    who: str
    says: str


def playbook_rows(text: str) -> list[Row]:
    """The rows under ACCESS MANAGEMENT."""
    chapter = re.split(r"^## ", text.partition("ACCESS MANAGEMENT")[2], flags=re.MULTILINE)[0]
    rows: list[Row] = []
    for part in re.split(r"^### ", chapter, flags=re.MULTILINE)[1:]:
        place = part.splitlines()[0].strip()
        rows += [
            Row(place, who, says.strip()) for who, says in re.findall(r"^- \*\*(.+?):\*\* (.+)$", part, re.MULTILINE)
        ]
    return rows


def read(name: str) -> Any:
    return json.loads((ACCESS / name).read_text(encoding="utf-8"))


def statements(name: str, effect: str) -> list[Mapping[str, Any]]:
    return [each for each in read(name)["Statement"] if each["Effect"] == effect]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allowed(name: str) -> set[str]:
    return {action for each in statements(name, "Allow") for action in listed(each["Action"])}


def only_looks(actions: set[str]) -> bool:
    return all(_LOOKS.match(action.partition(":")[2]) for action in actions)


def forbids(name: str, action: str, resource: str) -> bool:
    """Whether a denial without an escape covers an action on a resource."""
    return any(
        any(fnmatchcase(action, one) for one in listed(each["Action"]))
        and any(fnmatchcase(resource, one) for one in listed(each["Resource"]))
        for each in statements(name, "Deny")
        if "Condition" not in each
    )


def devops() -> list[str]:
    wrong = [] if allowed("aws/devops.json") == {"*"} else ["DevOps may not do everything"]
    protected = {
        "cloudtrail:StopLogging": "*",
        "cloudtrail:DeleteTrail": "*",
        "logs:DeleteLogGroup": "*",
        "s3:DeleteObject": "arn:aws:s3:::anclora-audit/2026/01/31.json",
        "s3:DeleteObjectVersion": "arn:aws:s3:::anclora-backups/redis/daily/one",
        "s3:PutLifecycleConfiguration": "arn:aws:s3:::anclora-backups",
        "s3:BypassGovernanceRetention": "arn:aws:s3:::anclora-backups/postgres/daily/one",
        "rds:DeleteDBSnapshot": "*",
        "elasticache:DeleteSnapshot": "*",
        "backup:DeleteRecoveryPoint": "*",
        "kms:ScheduleKeyDeletion": "*",
        "iam:CreateAccessKey": "*",
        "acm:ExportCertificate": "*",
        "secretsmanager:GetSecretValue": "arn:aws:secretsmanager:eu-west-1:1:secret:anclora/live/backup-key-AbCdEf",
        "iam:CreatePolicyVersion": "arn:aws:iam::1:policy/anclora-access-devops",
        "iam:DetachRolePolicy": "arn:aws:iam::1:role/anclora-access-devops",
        "iam:DeleteRolePermissionsBoundary": "*",
    }
    wrong += [f"DevOps may {action}" for action, on in protected.items() if not forbids("aws/devops.json", action, on)]
    needed = ("s3:PutObject", "arn:aws:s3:::anclora-backups/one"), ("ecs:UpdateService", "*")
    return wrong + [f"DevOps may not {action}" for action, on in needed if forbids("aws/devops.json", action, on)]


def developers() -> list[str]:
    whole = statements("aws/developers.json", "Allow")
    reads = [each for each in whole if only_looks(set(listed(each["Action"])))]
    writes = {action for each in whole if each not in reads for action in listed(each["Action"])}
    wrong = [] if reads and writes == {
        "ecs:UpdateService", "ecs:StopTask", "cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards",
        "logs:PutQueryDefinition", "logs:DeleteQueryDefinition",
    } else [f"Developers write {sorted(writes)}"]  # fmt: skip
    for each in whole:
        if any(action.startswith("ecs:") for action in listed(each["Action"])) and each not in reads:
            wrong += [f"Developers write {on}" for on in listed(each["Resource"]) if "/anclora-staging/" not in on]
    return wrong + said_too_much("aws/developers.json")


def support() -> list[str]:
    actions = allowed("aws/support.json")
    wrong = [] if only_looks(actions) else [f"Support does more than look: {sorted(actions)}"]
    return wrong + said_too_much("aws/support.json")


def cloudwatch() -> list[str]:
    actions = allowed("aws/support.json")
    needed = {"cloudwatch:Get*", "cloudwatch:List*", "cloudwatch:Describe*", "logs:FilterLogEvents", "logs:Get*"}
    return [f"Support may not {action}" for action in sorted(needed - actions)] + support()


def said_too_much(name: str) -> list[str]:
    """What people write and what opens doors is nobody's to read by the way."""
    secret = ("s3:GetObject", "secretsmanager:GetSecretValue", "ssm:GetParameter", "kms:Decrypt", "ecs:ExecuteCommand")
    found = [action for action in secret for given in allowed(name) if fnmatchcase(action, given)]
    return [f"{name} lets them {action}" for action in found]


def rulesets() -> dict[str, Any]:
    return {path.stem: read(f"github/rulesets/{path.name}") for path in (ACCESS / "github" / "rulesets").glob("*.json")}


def admins() -> list[str]:
    """Who passes a rule, by ref and kind of rule; number 5 is GitHub's own for the role of an admin."""
    passes: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for each in rulesets().values():
        assert each["enforcement"] == "active"
        who = [(actor["actor_id"], actor["bypass_mode"]) for actor in each["bypass_actors"]]
        for rule in each["rules"]:
            passes[each["target"] + " " + each["conditions"]["ref_name"]["include"][0], rule["type"]] = who
    main, tags = "branch ~DEFAULT_BRANCH", "tag refs/tags/v*"
    wanted = {
        (main, "update"): [(5, "pull_request")],
        (main, "pull_request"): [],
        (main, "required_status_checks"): [],
        (main, "deletion"): [],
        (main, "non_fast_forward"): [],
        (tags, "creation"): [(5, "always")],
        (tags, "update"): [],
        (tags, "deletion"): [],
        (tags, "non_fast_forward"): [],
    }
    team = read("github/repository.json")["teams"]["admins"]
    return ([] if passes == wanted else [f"rules: {passes}"]) + ([] if team == "admin" else [f"admins are {team}"])


def contributors() -> list[str]:
    team = read("github/repository.json")["teams"]["developers"]
    branches = {ref for each in rulesets().values() for ref in each["conditions"]["ref_name"]["include"]}
    wrong = [] if team == "push" else [f"developers are {team}"]
    return wrong + ([] if branches == {"~DEFAULT_BRANCH", "refs/tags/v*"} else ["feature branches have rules"])


def external() -> list[str]:
    said = read("github/repository.json")
    closed = said["repository"]["private"] is True and said["repository"]["allow_forking"] is False
    nobody = said["organization"]["default_repository_permission"] == "none" and said["outside_collaborators"] == []
    teams = set(said["teams"]) == {"admins", "developers"}
    return [] if closed and nobody and teams else ["external people get in"]


def grafana() -> list[str]:
    lines = (ACCESS / "grafana.env").read_text(encoding="utf-8").splitlines()
    said = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    wanted = {
        "GF_USERS_AUTO_ASSIGN_ORG": "true",
        "GF_USERS_AUTO_ASSIGN_ORG_ROLE": "Viewer",
        "GF_USERS_ALLOW_SIGN_UP": "false",
        "GF_USERS_VIEWERS_CAN_EDIT": "false",
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
    }
    used = compose.raw()["services"]["grafana"]["env_file"] == ["deploy/access/grafana.env"]
    return [] if said == wanted and used else [f"Grafana: {said}"]


def sentry() -> list[str]:
    said = read("sentry.json")
    roles = {said["organization"]["defaultRole"], said["team"]["orgRole"]}
    return [] if roles == {"member"} and said["organization"]["openMembership"] is False else [f"Sentry: {said}"]


# What a row asks of its file, and the name its role has there.
CHECKS: Mapping[tuple[str, str], tuple[str, Callable[[], list[str]]]] = {
    ("AWS Console", "DevOps Team"): ("anclora-access-devops", devops),
    ("AWS Console", "Developers"): ("anclora-access-developers", developers),
    ("AWS Console", "Support"): ("anclora-access-support", support),
    ("GitHub Repository", "Admins"): ("admin", admins),
    ("GitHub Repository", "Developers"): ("push", contributors),
    ("GitHub Repository", "External"): ("none", external),
    ("Monitoring Tools", "Grafana"): ("Viewer", grafana),
    ("Monitoring Tools", "Sentry"): ("member", sentry),
    ("Monitoring Tools", "CloudWatch"): ("anclora-access-support", cloudwatch),
}


def problems(rows: list[Row], index: list[dict[str, str]]) -> list[str]:
    """What is missing or wrong, a sentence each."""
    made = {Row(each["place"], each["who"], each["says"]): each for each in index}
    found = [f"{row}: no such row in the playbook" for row in made if row not in rows]
    for row in rows:
        entry = made.get(row)
        if entry is None:
            found.append(f"{row}: no file")
            continue
        role, check = CHECKS[row.place, row.who]
        if not (ACCESS / entry["file"]).exists():
            found.append(f"{row}: {entry['file']} is not there")
        if entry["role"] != role:
            found.append(f"{row}: the role is {entry['role']}")
        found += [f"{row}: {sentence}" for sentence in check()]
    return found


ROWS = playbook_rows(PLAYBOOK.read_text(encoding="utf-8"))
INDEX = tomllib.loads((ACCESS / "access.toml").read_text(encoding="utf-8"))["row"]


def test_the_playbook_has_nine_rows_in_three_lists() -> None:
    assert (len(ROWS), len({row.place for row in ROWS})) == (9, 3)


def test_every_row_has_a_file_and_the_file_gives_what_it_says() -> None:
    assert problems(ROWS, INDEX) == []


@pytest.mark.parametrize("at", range(9))
def test_a_row_without_a_file_or_with_another_role_is_noticed(at: int) -> None:
    entry = INDEX[at]
    rest = [each for each in INDEX if each is not entry]
    assert len(problems(ROWS, rest)) == 1
    assert len(problems(ROWS, [*rest, entry | {"file": "aws/nobody.json"}])) == 1
    assert len(problems(ROWS, [*rest, entry | {"role": "owner"}])) == 1
    assert len(problems(ROWS, [*rest, entry | {"says": "Everything"}])) == 2


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("aws/devops.json", '"cloudtrail:StopLogging",', ""),
        ("aws/devops.json", "arn:aws:s3:::anclora-backups", "arn:aws:s3:::elsewhere"),
        ("aws/devops.json", "secret:anclora/*/backup-key-*", "secret:elsewhere"),
        ("aws/developers.json", "service/anclora-staging/*", "service/anclora-production/*"),
        ("aws/developers.json", '"ecs:StopTask"', '"ecs:StopTask", "ecs:DeleteService"'),
        ("aws/developers.json", '"s3:ListBucket"', '"s3:ListBucket", "s3:GetObject"'),
        ("aws/support.json", '"logs:StartQuery"', '"logs:StartQuery", "logs:DeleteLogGroup"'),
        ("github/rulesets/main-admins-merge.json", '"actor_id": 5', '"actor_id": 4'),
        ("github/rulesets/tags-admins-create.json", '"type": "creation"', '"type": "deletion"'),
        ("github/repository.json", '"developers": "push"', '"developers": "admin"'),
        ("github/repository.json", 'permission": "none"', 'permission": "read"'),
        ("grafana.env", "ROLE=Viewer", "ROLE=Editor"),
        ("sentry.json", '"orgRole": "member"', '"orgRole": "owner"'),
    ],
)  # fmt: skip
def test_a_file_that_gives_more_or_less_is_noticed(
    file: str, before: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (each for each in ACCESS.rglob("*") if each.is_file()):
        copy = tmp_path / path.relative_to(ACCESS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert before in text
    (tmp_path / file).write_text(text.replace(before, after), encoding="utf-8")
    monkeypatch.setitem(globals(), "ACCESS", tmp_path)
    assert problems(ROWS, INDEX)


@pytest.mark.parametrize("name", ["devops", "developers", "support"])
def test_a_policy_is_short_enough_for_aws_and_names_its_statements(name: str) -> None:
    document = read(f"aws/{name}.json")
    assert document["Version"] == "2012-10-17"
    assert len(re.sub(r"\s", "", json.dumps(document))) <= _POLICY_LIMIT
    assert all(each["Sid"].isalnum() for each in document["Statement"])


def test_the_break_glass_role_wants_a_second_factor_and_a_reason_lasts_an_hour_and_wakes_somebody() -> None:
    parts = read("aws/break-glass.json")["Resources"]
    role = parts["Role"]["Properties"]
    assert role["MaxSessionDuration"] == 3600
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "300"},
        "StringEquals": {"aws:PrincipalTag/team": "devops"},
        "StringLike": {"aws:RequestTag/Reason": "?*", "sts:SourceIdentity": "?*"},
    }
    [policy] = role["Policies"]
    denied = {action for each in policy["PolicyDocument"]["Statement"] for action in each["Action"]}
    assert {"cloudtrail:StopLogging", "s3:DeleteObject", "events:DisableRule"} <= denied
    page = parts["Page"]["Properties"]
    [taken] = page["EventPattern"]["detail"]["requestParameters"]["roleArn"]
    assert taken["suffix"] == f":role/{role['RoleName']}"
    assert page["EventPattern"]["detail"]["eventName"] == ["AssumeRole"]
    assert (page["State"], [each["Arn"] for each in page["Targets"]]) == ("ENABLED", [{"Ref": "PagerTopicArn"}])


def test_what_decides_over_access_and_production_is_the_admins_to_review() -> None:
    lines = (ROOT / ".github" / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    owners = dict(line.split() for line in lines if line and not line.startswith("#"))
    guarded = {"/.github/", "/deploy/access/", "/deploy/aws/", "/Dockerfile", "/docker-compose.yml"}
    assert {path for path, owner in owners.items() if owner.endswith("/admins")} == guarded
    assert [path for path in guarded if not (ROOT / path[1:]).exists()] == []
