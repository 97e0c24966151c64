"""What the committed templates say: the playbook's numbers, the program's settings, nothing of anybody's account."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

import pytest

from anclora import runtime, workers
from anclora.backups.keys import make_key, read_keyring
from anclora.cli import serve
from anclora.health.backlog import embedded
from anclora.kit.settings import Settings, env_name, load_settings
from anclora.logs.rules import why_not_expiring
from anclora.messages.overview import QueueCounts
from anclora.messages.queue_view import QueueView
from tests import compose

TEMPLATES = compose.ROOT / "deploy" / "aws" / "templates"
ENVIRONMENTS = ("production", "staging")
PARTS = ("access", "network", "data", "service")
ALL: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in TEMPLATES.glob("*")
}


def resources(environment: str, part: str, kind: str) -> dict[str, dict[str, Any]]:
    found = ALL[f"anclora-{environment}-{part}"]["Resources"]
    return {name: its["Properties"] for name, its in found.items() if its["Type"] == kind}


def container(environment: str, name: str, task: str = "Task") -> dict[str, Any]:
    task_definition = resources(environment, "service", "AWS::ECS::TaskDefinition")[task]
    return next(each for each in task_definition["ContainerDefinitions"] if each["Name"] == name)


def every(node: Any, key: str) -> Iterator[Any]:
    """Each value under a key, however deep."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == key:
                yield value
            yield from every(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from every(value, key)


def test_there_is_a_template_for_each_part_of_each_environment() -> None:
    assert set(ALL) == {f"anclora-{environment}-{part}" for environment in ENVIRONMENTS for part in PARTS}


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_template_names_no_account_no_path_and_no_asset_and_goes_with_the_request(name: str) -> None:
    text = (TEMPLATES / f"{name}.json").read_text(encoding="utf-8")
    assert re.findall(r"\b\d{12}\b|/home/|/root|(?<!/data)/tmp|cdk-|[0-9a-f]{32}", text) == []
    assert len(text.encode()) <= 51_200
    reasons = list(every(ALL[name], "skip"))
    assert all(len(each["comment"]) > 20 for skipped in reasons for each in skipped)


def test_what_a_stack_takes_another_one_gives() -> None:
    for environment in ENVIRONMENTS:
        given: set[str] = set()
        for part in PARTS:  # in the order in which they are deployed
            template = ALL[f"anclora-{environment}-{part}"]
            assert set(every(template["Resources"], "Fn::ImportValue")) <= given
            given |= {its["Export"]["Name"] for its in template.get("Outputs", {}).values()}


def test_production_is_what_the_playbook_says() -> None:
    task = resources("production", "service", "AWS::ECS::TaskDefinition")["Task"]
    assert (task["Family"], task["Cpu"], task["Memory"]) == ("anclora-whatsapp", "1024", "2048")
    service = resources("production", "service", "AWS::ECS::Service")["Service"]
    parameters = ALL["anclora-production-service"]["Parameters"]
    assert (service["ServiceName"], service["DesiredCount"]) == ("anclora-whatsapp", {"Ref": "Tasks"})
    assert (parameters["Tasks"]["Default"], parameters["MostTasks"]["Default"]) == (4, 8)
    assert parameters["Roles"]["Default"] == "all"
    assert ALL["anclora-production-service"]["Conditions"] == {"Split": {"Fn::Equals": [{"Ref": "Roles"}, "split"]}}
    assert service["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    alarms = {its["AlarmName"]: its for its in resources("production", "service", "AWS::CloudWatch::Alarm").values()}
    stopping = service["DeploymentConfiguration"]["Alarms"]["AlarmNames"]
    # ECS wants them to be there before the service.
    needed = ALL["anclora-production-service"]["Resources"]
    first = [needed[name]["Properties"].get("AlarmName") for name in needed["Service"]["DependsOn"]]
    assert set(stopping) <= set(first) & set(alarms)
    assert alarms["anclora-production-backlog"]["Threshold"] == 5_000
    assert alarms["anclora-production-cpu"]["Threshold"] * 10 == 700
    assert alarms["anclora-production-cpu"]["EvaluationPeriods"] * alarms["anclora-production-cpu"]["Period"] == 600
    assert alarms["anclora-production-memory"]["Threshold"] == 80
    group = resources("production", "service", "AWS::Logs::LogGroup")["LogGroup"]
    assert group["LogGroupName"] == "/ecs/anclora-whatsapp"
    buckets = resources("production", "data", "AWS::S3::Bucket")
    assert (buckets["BackupsBucket"]["BucketName"], buckets["LogsBucket"]["BucketName"]) == (
        "anclora-backups",
        "anclora-logs",
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_task_has_the_time_its_drain_takes(environment: str) -> None:
    main = container(environment, "anclora")
    settings = {each["Name"]: each["Value"] for each in main["Environment"]}
    parts = float(settings["ANCLORA_NOTICE_SECONDS"]) + float(settings["ANCLORA_DRAIN_SECONDS"])
    loops = 3 * workers._STOP_SECONDS  # of the process, the dispatcher, and what it keeps
    longest = parts + serve._HTTP_STOP_SECONDS + workers._FLUSH_SECONDS + loops + runtime._CLOSE_SECONDS
    assert longest < 110 <= main["StopTimeout"] <= 120
    [balancer] = resources(environment, "service", "AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    keep = {each["Key"]: each["Value"] for each in balancer["LoadBalancerAttributes"]}
    assert float(keep["idle_timeout.timeout_seconds"]) < serve._KEEP_ALIVE_SECONDS


def test_the_health_check_is_the_images() -> None:
    [words] = [rest for word, rest in compose.instructions() if word == "HEALTHCHECK"]
    assert container("production", "anclora")["HealthCheck"]["Command"] == [
        "CMD",
        *json.loads(words.partition("CMD ")[2]),
    ]
    [target] = resources("production", "service", "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    assert (target["HealthCheckPath"], target["Port"]) == ("/health/live", 8_000)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_files_the_first_container_makes_are_what_the_program_reads(
    environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(tmp_path / "made.key")
    key = (tmp_path / "made.key").read_text(encoding="utf-8").rstrip("\n")  # as Secrets Manager gives back a file
    (tmp_path / "made.key").unlink()
    [script] = container(environment, "prepare")["Command"]
    inside = script.replace("/data/", f"{tmp_path}/")
    words = container(environment, "prepare")["EntryPoint"]
    given = {"PATH": os.environ["PATH"], "SETTINGS": "ANCLORA_CURRENCY=USD\nSENTRY_ORG=o'rg", "BACKUP_KEY": key}
    subprocess.run([*words, inside], env=given, check=True, timeout=30)
    made = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert made == {"settings.env": 0o600, "backup.key": 0o600, "tmp": 0o700}
    main = container(environment, "anclora")
    fixed = {each["Name"]: each["Value"] for each in main["Environment"]}
    names = {env_name(name) for name in Settings.model_fields}
    assert {name for name in fixed if name.startswith("ANCLORA_")} - names == {"ANCLORA_ENV_FILE"}
    assert {each["Name"] for each in main["Secrets"]} == {"DATABASE_URL", "REDIS_URL"}
    shapes = {
        "ANCLORA_BACKUP_URL": "s3://example-bucket",
        "ANCLORA_PUBLIC_URL": "https://example.com",
        "ANCLORA_URL": "https://example.com",
    }
    for name, value in fixed.items():
        plain = value if isinstance(value, str) else shapes.get(name, "example-bucket")
        monkeypatch.setenv(name, plain.replace("/data/", f"{tmp_path}/"))
    settings = load_settings()
    assert (settings.currency, settings.sentry_org) == ("USD", "o'rg")
    assert (settings.redis_cluster, settings.redis_keeps) == (True, False)
    assert settings.backup_key_file is not None
    assert read_keyring(settings.backup_key_file)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_tasks_are_scaled_by_what_the_program_writes(environment: str) -> None:
    namespace = next(
        each["Value"]
        for each in container(environment, "anclora")["Environment"]
        if each["Name"] == "ANCLORA_METRICS_NAMESPACE"
    )
    nothing = cast("QueueCounts", None)  # is not looked at
    view = QueueView(
        counts=nothing, waiting=1, active=0, delayed=0, oldest_waiting_seconds=0, drain_seconds=None, lanes=[]
    )
    [directive] = embedded(view, namespace, datetime(2026, 1, 31, tzinfo=UTC))["_aws"]["CloudWatchMetrics"]
    written = {(directive["Namespace"], each["Name"]) for each in directive["Metrics"]}
    [policy] = resources(environment, "service", "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    said = policy["TargetTrackingScalingPolicyConfiguration"]
    queries = {each["Id"]: each for each in said["CustomizedMetricSpecification"]["Metrics"]}
    backlog = queries["backlog"]["MetricStat"]["Metric"]
    assert (backlog["Namespace"], backlog["MetricName"]) in written
    assert "Dimensions" not in backlog
    assert [each["Id"] for each in queries.values() if each["ReturnData"]] == ["each"]
    assert queries["each"]["Expression"] == "backlog / tasks"
    assert said["TargetValue"] * 4 == 5_000
    alarmed = [its for its in resources(environment, "service", "AWS::CloudWatch::Alarm").values()
               if its["Namespace"] == namespace and its["MetricName"] != "ErrorLines"]  # fmt: skip
    assert {(its["Namespace"], its["MetricName"]) for its in alarmed} <= written


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_that_keeps_goes_with_its_stack_and_backups_are_locked(environment: str) -> None:
    template = ALL[f"anclora-{environment}-data"]["Resources"]
    keeping = (
        "AWS::S3::Bucket",
        "AWS::RDS::DBInstance",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::SecretsManager::Secret",
    )
    for its in template.values():
        if its["Type"] in keeping:
            assert its["DeletionPolicy"] == its["UpdateReplacePolicy"] in ("Retain", "Snapshot")
    buckets = resources(environment, "data", "AWS::S3::Bucket")
    assert buckets["BackupsBucket"]["ObjectLockEnabled"] is True
    lock = buckets["BackupsBucket"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert lock == {"Mode": "GOVERNANCE", "Days": 7}
    for bucket in buckets.values():
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    [rule] = buckets["LogsBucket"]["LifecycleConfiguration"]["Rules"]
    as_asked = {
        "ID": rule["Id"],
        "Status": rule["Status"],
        "Filter": {},
        "Expiration": {"Days": rule["ExpirationInDays"]},
    }
    assert why_not_expiring([as_asked], "") is None
    [database] = resources(environment, "data", "AWS::RDS::DBInstance").values()
    assert (database["DeletionProtection"], database["StorageEncrypted"], database["PubliclyAccessible"]) == (
        True,
        True,
        False,
    )
    [parameters] = resources(environment, "data", "AWS::ElastiCache::ParameterGroup").values()
    assert parameters["Properties"]["maxmemory-policy"] == "noeviction"


def test_lanes_of_production_are_durable() -> None:
    [redis] = resources("production", "data", "AWS::ElastiCache::ReplicationGroup").values()
    wanted = {
        "Durability": "sync",
        "MultiAZEnabled": True,
        "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True,
    }
    assert {name: redis[name] for name in wanted} == wanted


def group_of(way: Mapping[str, Any], end: str) -> str:
    return way[end]["Fn::GetAtt"][0]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_world_reaches_the_load_balancer_and_nothing_else(environment: str) -> None:
    ways = resources(environment, "network", "AWS::EC2::SecurityGroupIngress")
    assert {group_of(its, "GroupId") for its in ways.values() if "CidrIp" in its} == {"BalancerGroup"}
    inner = {
        (group_of(its, "GroupId"), group_of(its, "SourceSecurityGroupId"), its["FromPort"], its["ToPort"])
        for its in ways.values()
        if "CidrIp" not in its
    }
    assert inner == {
        ("TasksGroup", "BalancerGroup", 8_000, 8_000),
        ("DatabaseGroup", "TasksGroup", 5_432, 5_432),
        ("RedisGroup", "TasksGroup", 6_379, 6_379),
    }
    out = resources(environment, "network", "AWS::EC2::SecurityGroupEgress").values()
    assert {group_of(its, "GroupId") for its in out if "CidrIp" in its} == {"TasksGroup"}


def test_roles_name_what_is_there_and_only_their_own_environment() -> None:
    for environment in ENVIRONMENTS:
        roles = resources(environment, "access", "AWS::IAM::Role")
        text = json.dumps(roles)
        buckets = [json.dumps(its["BucketName"]) for its in resources(environment, "data", "AWS::S3::Bucket").values()]
        names = [re.search(r"anclora-[^\"]+", each) for each in buckets]
        assert all(name is not None and name[0] in text for name in names)
        secrets = {its["Name"] for its in resources(environment, "data", "AWS::SecretsManager::Secret").values()}
        named = set(re.findall(r"secret:(anclora/[a-z-]+/[a-z-]+)-\?", text))
        assert named < secrets
        assert secrets - named == {f"anclora/{environment}/{name}-password" for name in ("database", "redis")}
        used = json.dumps([ALL[f"anclora-{environment}-{part}"] for part in PARTS])
        deploys = f"anclora-{environment}-deploy"  # by the workflows
        assert {*re.findall(r":role/(anclora-[a-z-]+)", used), deploys} == {its["RoleName"] for its in roles.values()}
        assert f"role/{deploys}" in (compose.ROOT / "deploy/access/aws/github.json").read_text(encoding="utf-8")


def test_the_policies_of_people_speak_of_these_names() -> None:
    deny = json.loads((compose.ROOT / "deploy/access/aws/devops.json").read_text(encoding="utf-8"))["Statement"]

    def listed(value: str | list[str]) -> list[str]:
        return [value] if isinstance(value, str) else value

    def denied(action: str, resource: str) -> bool:
        return any(
            any(fnmatchcase(action, one) for one in listed(each["Action"]))
            and any(fnmatchcase(resource, one) for one in listed(each["Resource"]))
            for each in deny
            if each["Effect"] == "Deny" and "Condition" not in each
        )

    for environment in ENVIRONMENTS:
        key = f"arn:aws:secretsmanager:eu-west-1:1:secret:anclora/{environment}/backup-key-AbCdEf"
        assert denied("secretsmanager:GetSecretValue", key)
        for role in resources(environment, "access", "AWS::IAM::Role").values():
            arn = f"arn:aws:iam::1:role/{role['RoleName']}"
            assert denied("iam:PutRolePolicy", arn)
            assert not denied("iam:PassRole", arn)
    assert denied("s3:DeleteObjectVersion", "arn:aws:s3:::anclora-backups/redis/daily/one")
    assert denied("s3:DeleteObjectVersion", "arn:aws:s3:::anclora-backups-staging-1/redis/daily/one")


def test_the_templates_are_compared_with_their_code_and_read_by_the_linters() -> None:
    makefile = (compose.ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\ninfra:")[2].partition("\n\n")[0]
    for words in (
        "deploy/aws/app.py --check",
        "bin/cfn-lint $(TEMPLATES)",
        "bin/checkov",
        "$(addprefix --file ,$(TEMPLATES))",
    ):
        assert words in recipe
    assert "make infra" in (compose.ROOT / ".ci" / "run").read_text(encoding="utf-8")
