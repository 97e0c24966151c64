"""The committed CloudFormation creates in a stand-in of AWS, under the playbook's names.

The stand-in makes what it knows and passes over the rest: which is which is written down here and compared, so that
nobody takes a green run for more than it is. Of what it makes it ignores properties, too:
`tests/unit/test_aws_stacks.py` reads those. All of it cfn-lint and checkov have read (`make infra`).
"""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session
from moto.cloudformation.models import cloudformation_backends
from moto.kms.models import KmsBackend

from tests.aws_server import aws_server, point_to

TEMPLATES = Path(__file__).parent.parent.parent / "deploy" / "aws" / "templates"
PARTS = ("access", "network", "data", "service")
ACCOUNT, REGION = "123456789012", "us-east-1"
MADE = {
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ECS::Cluster",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::S3::Bucket",
}
PASSED_OVER = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SecretsManager::Secret",
}
# It says so of each type it passes over, and of a value it cannot work out.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse .* not supported by moto")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Generator[None, None, None]:
    create_key = KmsBackend.create_key

    def untagged(self: KmsBackend, *, tags: Any, **given: Any) -> Any:
        assert tags  # of a stack it reads them by another name, and fails
        return create_key(self, tags=[], **given)

    monkeypatch.setattr(KmsBackend, "create_key", untagged)
    with aws_server() as url:
        point_to(url, monkeypatch)
        yield


def read(name: str) -> dict[str, Any]:
    return json.loads((TEMPLATES / f"{name}.json").read_text(encoding="utf-8"))


def deploy(environment: str, **parameters: str) -> tuple[set[str], set[str]]:
    """Create the four stacks in their order; the types that were made, and those passed over."""
    client = Session().client("cloudformation")
    given = {
        "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/anclora@sha256:{'0' * 64}",
        "PublicUrl": "https://anclora.com",
        "CertificateArn": Session().client("acm").request_certificate(DomainName="anclora.com")["CertificateArn"],
        "AlarmTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:pager",
        **parameters,
    }
    made: set[str] = set()
    passed: set[str] = set()
    for part in PARTS:
        template = read(f"anclora-{environment}-{part}")
        if part == "data":
            # It gives the parameter group a name of its own choice, and then misses ours.
            Session().client("rds").create_db_parameter_group(
                DBParameterGroupName=f"anclora-{environment}-postgres16",
                DBParameterGroupFamily="postgres16",
                Description="in the place of the one that is made",
            )
        client.create_stack(
            StackName=f"anclora-{environment}-{part}",
            TemplateBody=(TEMPLATES / f"anclora-{environment}-{part}.json").read_text(encoding="utf-8"),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": given[name]}
                for name, said in template.get("Parameters", {}).items()
                if name in given or "Default" not in said
            ],
        )
        [stack] = client.describe_stacks(StackName=f"anclora-{environment}-{part}")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        rows = client.describe_stack_resources(StackName=f"anclora-{environment}-{part}")["StackResources"]
        there = {row["LogicalResourceId"] for row in rows if "LogicalResourceId" in row}
        split = given.get("Roles") == "split"
        wanted = {name: its for name, its in template["Resources"].items() if split or "Condition" not in its}
        assert there <= set(wanted)
        made |= {wanted[name]["Type"] for name in there}
        passed |= {its["Type"] for name, its in wanted.items() if name not in there}
        stand_in_for_exports()
    return made, passed


def stand_in_for_exports() -> None:
    """A resource it passed over has no value to export; the stacks after it need one."""
    for export in cloudformation_backends[ACCOUNT][REGION].exports.values():
        export._value = export._value or f"arn:aws:passed-over:{REGION}:{ACCOUNT}:{export.name}"


def container(service: str, environment: str) -> dict[str, Any]:
    ecs = Session().client("ecs")
    [found] = ecs.describe_services(cluster=f"anclora-{environment}", services=[service])["services"]
    task = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
    return next(each for each in task["containerDefinitions"] if each["name"] == "anclora")


@pytest.mark.usefixtures("aws")
def test_production_is_created_under_the_names_of_the_playbook() -> None:
    assert deploy("production") == (MADE, PASSED_OVER)
    ecs = Session().client("ecs")
    [service] = ecs.describe_services(cluster="anclora-production", services=["anclora-whatsapp"])["services"]
    assert (service["serviceName"], service["desiredCount"]) == ("anclora-whatsapp", 4)
    assert service["taskDefinition"].endswith(":task-definition/anclora-whatsapp:1")
    assert ecs.list_services(cluster="anclora-production")["serviceArns"] == [service["serviceArn"]]
    assert container("anclora-whatsapp", "production")["command"][:3] == ["serve", "--role", "all"]
    groups = Session().client("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"] for group in groups} == {"/ecs/anclora-whatsapp", "/vpc/anclora-production"}
    s3 = Session().client("s3")
    buckets = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert buckets == {"anclora-backups", "anclora-logs", f"anclora-production-media-{ACCOUNT}"}
    for name in buckets:
        [rule] = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    [database] = Session().client("rds").describe_db_instances()["DBInstances"]
    assert (database["Engine"], database["MultiAZ"], database["StorageEncrypted"]) == ("postgres", True, True)
    roles = {role["RoleName"] for role in Session().client("iam").list_roles()["Roles"]}
    assert {f"anclora-production-{name}" for name in ("execution", "task", "flow", "monitoring")} <= roles


@pytest.mark.usefixtures("aws")
def test_staging_stands_beside_production_in_one_account_and_a_parameter_splits_the_roles() -> None:
    deploy("production")
    assert deploy("staging", Roles="split", Tasks="1") == (MADE, PASSED_OVER)
    for service, role in {"": "api", "-dispatch": "dispatch", "-work": "work"}.items():
        assert container(f"anclora-whatsapp{service}", "staging")["command"][:3] == ["serve", "--role", role]
    assert container("anclora-whatsapp", "production")["command"][2] == "all"


def said(node: Any) -> Any:
    """A property as a door takes it: what CloudFormation would work out is some text."""
    if isinstance(node, list):
        return [said(each) for each in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and next(iter(node)).startswith(("Ref", "Fn::")):
        return {"Tasks": 4, "MostTasks": 8}.get(node.get("Ref", ""), "text")
    return {name: said(value) for name, value in node.items()}


def passed_over(part: str, kind: str) -> list[dict[str, Any]]:
    found = read(f"anclora-production-{part}")["Resources"].values()
    return [said(its["Properties"]) for its in found if its["Type"] == kind]


@pytest.mark.usefixtures("aws")
def test_alarms_and_scaling_that_are_passed_over_are_what_their_own_doors_take() -> None:
    cloudwatch, scaling = Session().client("cloudwatch"), Session().client("application-autoscaling")
    for alarm in passed_over("service", "AWS::CloudWatch::Alarm"):
        assert {"Key": "Environment", "Value": "production"} in alarm["Tags"]
        cloudwatch.put_metric_alarm(**alarm)
    names = {alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert {"anclora-production-backlog", "anclora-production-blind", "anclora-production-no-tasks"} < names
    Session().client("ecs").create_cluster(clusterName="anclora-production")
    [target] = passed_over("service", "AWS::ApplicationAutoScaling::ScalableTarget")
    ecs = Session().client("ecs")
    task = ecs.register_task_definition(family="x", containerDefinitions=[{"name": "x", "image": "x", "memory": 1}])
    arn = task["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(cluster="anclora-production", serviceName="anclora-whatsapp", taskDefinition=arn, desiredCount=4)
    where = {
        "ServiceNamespace": target["ServiceNamespace"],
        "ScalableDimension": target["ScalableDimension"],
        "ResourceId": "service/anclora-production/anclora-whatsapp",
    }
    scaling.register_scalable_target(**where, MinCapacity=target["MinCapacity"], MaxCapacity=target["MaxCapacity"])
    [policy] = passed_over("service", "AWS::ApplicationAutoScaling::ScalingPolicy")
    asked = policy["TargetTrackingScalingPolicyConfiguration"]
    scaling.put_scaling_policy(
        **where,
        PolicyName=policy["PolicyName"],
        PolicyType=policy["PolicyType"],
        TargetTrackingScalingPolicyConfiguration=asked,
    )
    [kept] = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert kept["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 1_250
