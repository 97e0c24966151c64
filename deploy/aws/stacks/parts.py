"""What every stack is made with: names of roles and exports, and reasons for what a linter would have otherwise."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, CfnResource, DefaultStackSynthesizer, Fn, Stack, Tags
from constructs import Construct
from stacks.size import Size


class Part(Stack):
    """A stack of one environment. What it exports others take by name, so that each is deployed by itself."""

    def __init__(self, scope: Construct, size: Size, part: str, says: str) -> None:
        super().__init__(
            scope,
            f"{size.prefix}-{part}",
            description=f"{says} ({size.name})",
            # Neither assets nor a bootstrapped account: the template is all there is.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
            analytics_reporting=False,
        )
        Tags.of(self).add("Environment", size.name)  # what `anclora costs review` sums by
        self.size = size

    def give(self, name: str, value: str) -> None:
        """Export a value to the other stacks of the environment."""
        CfnOutput(self, f"Out{name}", value=value, export_name=f"{self.size.prefix}-{name}")

    def take(self, name: str) -> str:
        """A value another stack of the environment exports."""
        return Fn.import_value(f"{self.size.prefix}-{name}")

    def role_arn(self, role: str) -> str:
        """A role of the access stack."""
        return Fn.sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{self.size.prefix}-{role}")


def excused(resource: CfnResource, reasons: Mapping[str, str]) -> None:
    """Tell checkov why a rule of its does not hold here; the reason stands in the template, beside what it excuses."""
    resource.add_metadata("checkov", {"skip": [{"id": rule, "comment": why} for rule, why in reasons.items()]})


def kept(resource: CfnResource) -> None:
    """Leave it in the account when the stack goes or would replace it."""
    resource.add_override("DeletionPolicy", "Retain")
    resource.add_override("UpdateReplacePolicy", "Retain")
