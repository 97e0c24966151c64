"""The key everything is encrypted with, and the five roles: deployed rarely, by who may make roles."""

from typing import Any

from aws_cdk import Fn
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct
from stacks.parts import Part, kept
from stacks.size import Size

_IAM = "arn:${AWS::Partition}:iam::${AWS::AccountId}"
_ECS = "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}"
_LOGS = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
_SECRET = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret"  # noqa: S105
_SECRETS = ("database-url", "redis-url", "settings", "backup-key")


class Access(Part):
    """KMS key, and the roles of tasks, of their start, of who judges a release, of flow logs, of RDS's monitoring."""

    def __init__(self, scope: Construct, size: Size) -> None:
        super().__init__(scope, size, "access", "The key and the roles of Anclora")
        key = kms.CfnKey(
            self,
            "Key",
            description=f"All of {size.prefix}",
            enable_key_rotation=True,
            pending_window_in_days=30,
            key_policy=_document(
                _allow("TheAccount", "kms:*", "*", principal={"AWS": _sub(f"{_IAM}:root")}),
                _allow(
                    "Logs",
                    ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                    "*",
                    principal={"Service": _sub("logs.${AWS::Region}.amazonaws.com")},
                    condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": _sub(f"{_LOGS}:*")}},
                ),
            ),
        )
        kept(key)
        kms.CfnAlias(self, "KeyAlias", alias_name=f"alias/{size.prefix}", target_key_id=key.ref)
        self.give("KeyArn", key.attr_arn)

        logs = f"{_LOGS}:log-group:{size.log_group}:*"
        decrypt = _allow("Decrypt", "kms:Decrypt", key.attr_arn)
        secrets = [_sub(f"{_SECRET}:anclora/{size.name}/{name}-??????") for name in _SECRETS]
        self._role(
            "Execution",
            "ecs-tasks.amazonaws.com",
            _allow("LogIn", "ecr:GetAuthorizationToken", "*"),
            _allow(
                "Pull",
                ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                _sub("arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/anclora"),
            ),
            _allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], _sub(logs)),
            _allow("Settings", "secretsmanager:GetSecretValue", secrets),
            decrypt,
        )
        objects = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        buckets = [f"arn:${{AWS::Partition}}:s3:::{name}" for name in (size.backups_bucket, size.logs_bucket)]
        media = f"arn:${{AWS::Partition}}:s3:::{size.prefix}-media-${{AWS::AccountId}}"
        self._role(
            "Task",
            "ecs-tasks.amazonaws.com",
            _allow("Objects", objects, [_sub(f"{bucket}/*") for bucket in (*buckets, media)]),
            _allow("List", "s3:ListBucket", [_sub(bucket) for bucket in (*buckets, media)]),
            _allow("Expiry", ["s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"], _sub(buckets[1])),
            _allow("CountErrors", "logs:FilterLogEvents", _sub(logs)),
            _allow("Costs", "ce:GetCostAndUsage", "*"),
            _allow("Encrypt", ["kms:Decrypt", "kms:GenerateDataKey"], key.attr_arn),
        )
        self._role(
            "Deploy",  # of the task that judges a release; those that serve may not change what runs
            "ecs-tasks.amazonaws.com",
            _allow("Look", ["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"], "*"),
            _allow(
                "Tasks",
                ["ecs:DescribeTasks", "ecs:ListTasks"],
                "*",
                condition={"ArnEquals": {"ecs:cluster": _sub(f"{_ECS}:cluster/{size.prefix}")}},
            ),
            _allow(
                "GoBack",
                ["ecs:DescribeServices", "ecs:UpdateService"],
                _sub(f"{_ECS}:service/{size.prefix}/anclora-whatsapp"),
            ),
        )
        flow = f"{_LOGS}:log-group:/vpc/{size.prefix}"
        self._role(
            "Flow",
            "vpc-flow-logs.amazonaws.com",
            _allow(
                "Write", ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], _sub(f"{flow}:*")
            ),
        )
        self._role(
            "Monitoring",
            "monitoring.rds.amazonaws.com",
            managed="service-role/AmazonRDSEnhancedMonitoringRole",
        )

    def _role(self, name: str, service: str, *statements: dict[str, Any], managed: str | None = None) -> None:
        here = {"StringEquals": {"aws:SourceAccount": _sub("${AWS::AccountId}")}}
        trust = _allow(None, "sts:AssumeRole", None, principal={"Service": service}, condition=here)
        policies = [iam.CfnRole.PolicyProperty(policy_name="least", policy_document=_document(*statements))]
        iam.CfnRole(
            self,
            name,
            role_name=f"{self.size.prefix}-{name.lower()}",
            assume_role_policy_document=_document(trust),
            managed_policy_arns=[_sub(f"arn:${{AWS::Partition}}:iam::aws:policy/{managed}")] if managed else None,
            policies=policies if statements else None,
        )


def _sub(text: str) -> str:
    return Fn.sub(text)


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(
    sid: str | None,
    action: str | list[str],
    resource: Any,
    *,
    principal: dict[str, Any] | None = None,
    condition: dict[str, Any] | None = None,
) -> dict[str, Any]:
    said = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    }
    return {name: value for name, value in said.items() if value is not None}
