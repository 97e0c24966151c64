"""The policies and the roles are what AWS's own doors take, as far as a stand-in of them can say."""

import json
from pathlib import Path

import pytest
from boto3.session import Session

from tests.aws_server import aws_server, point_to

AWS = Path(__file__).parent.parent.parent / "deploy" / "access" / "aws"
TOPIC = "arn:aws:sns:us-east-1:123456789012:pager"


def test_the_policies_and_the_roles_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_server() as url:
        point_to(url, monkeypatch)
        iam = Session().client("iam")
        for name in ("devops", "developers", "support"):
            text = (AWS / f"{name}.json").read_text(encoding="utf-8")
            iam.create_policy(PolicyName=f"anclora-access-{name}", PolicyDocument=text)
        Session().client("cloudformation").create_stack(
            StackName="anclora-break-glass",
            TemplateBody=(AWS / "break-glass.json").read_text(encoding="utf-8"),
            Parameters=[{"ParameterKey": "PagerTopicArn", "ParameterValue": TOPIC}],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        Session().client("cloudformation").create_stack(
            StackName="anclora-github",
            TemplateBody=(AWS / "github.json").read_text(encoding="utf-8"),
            Parameters=[{"ParameterKey": "Subject", "ParameterValue": "repo:example@1/anclora@2"}],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        trust = iam.get_role(RoleName="anclora-github-production")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
        subject = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
        assert subject == "repo:example@1/anclora@2:environment:production"
        role = iam.get_role(RoleName="anclora-access-break-glass")["Role"]
        assert role["MaxSessionDuration"] == 3600
        events = Session().client("events")
        rule = events.describe_rule(Name="anclora-access-break-glass")
        assert json.loads(rule["EventPattern"])["source"] == ["aws.sts"]
        targets = events.list_targets_by_rule(Rule="anclora-access-break-glass")["Targets"]
        assert [target["Arn"] for target in targets] == [TOPIC]
