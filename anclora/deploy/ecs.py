"""ECS, asked and told through boto3: bounded, and its refusals turned into our errors. Blocks; call it in a thread.

Region, keys and endpoint are what boto3 finds (`AWS_*`). Every other module of this room sees only `model`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from anclora.deploy.model import Definition, Rollout, Service, Task
from anclora.kit.errors import AncloraError, ConflictError, NotFoundError, SetupError, UnavailableError

T = TypeVar("T")
# Short: a transaction may wait for the answer, and the ledger ends one that says nothing for 30 s.
_CONFIG = Config(connect_timeout=3.0, read_timeout=8.0, retries={"mode": "standard", "total_max_attempts": 2})
_DENIED = frozenset({"AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"})
_MISSING = frozenset({"ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException"})
_REFUSED = frozenset({"ClientException", "InvalidParameterException", "UpdateInProgressException"})
_DEFAULT_PORT = 8000
_OURS = "anclora"  # what deploy/aws calls our container
_A_CALL = 100


class Ecs:
    """One service of one cluster.

    Args:
        cluster: its name.
        service: its name.
    """

    def __init__(self, cluster: str, service: str) -> None:
        self.cluster, self.name = cluster, service

    def describe(self) -> Service:
        """The service with its tasks. Raises `NotFoundError`, and the errors of `_ask`."""
        return self._ask("ecs:DescribeServices, ecs:ListTasks and ecs:DescribeTasks", self._describe)

    def definition(self, name: str) -> Definition:
        """A revision, or the newest one of a family."""

        def work(client: Any) -> Definition:
            answer = client.describe_task_definition(taskDefinition=name, include=["TAGS"])
            document = {**answer["taskDefinition"], **({"tags": answer["tags"]} if answer.get("tags") else {})}
            return definition_of(document)

        return self._ask("ecs:DescribeTaskDefinition", work)

    def revisions(self, family: str) -> list[str]:
        """The revisions of a family one may still run, the newest first, at most 100."""

        def work(client: Any) -> list[str]:
            found = client.list_task_definitions(familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=_A_CALL)
            return [short(arn) for arn in found["taskDefinitionArns"]]

        return self._ask("ecs:ListTaskDefinitions", work)

    def register(self, document: Mapping[str, Any]) -> str:
        """A new revision from a description of another; `family:revision`. What ECS itself added is left out."""

        def work(client: Any) -> str:
            takes = client.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
            made = client.register_task_definition(**{name: document[name] for name in takes if name in document})
            return short(made["taskDefinition"]["taskDefinitionArn"])

        return self._ask("ecs:RegisterTaskDefinition and iam:PassRole", work)

    def update(self, **wish: Any) -> None:
        """UpdateService with this wish, in the API's own words."""

        def work(client: Any) -> None:
            client.update_service(cluster=self.cluster, service=self.name, **wish)

        self._ask("ecs:UpdateService", work)

    def _describe(self, client: Any) -> Service:
        answer = client.describe_services(cluster=self.cluster, services=[self.name])
        if not answer["services"]:
            raise self._missing()
        arns = [
            arn
            for page in client.get_paginator("list_tasks").paginate(cluster=self.cluster, serviceName=self.name)
            for arn in page["taskArns"]
        ]
        tasks: list[Any] = []
        for first in range(0, len(arns), _A_CALL):
            some = arns[first : first + _A_CALL]
            tasks += client.describe_tasks(cluster=self.cluster, tasks=some)["tasks"]
        return service_of(answer["services"][0], tasks, cluster=self.cluster)

    def _missing(self) -> AncloraError:
        return NotFoundError(
            f"There is no service {self.name} in the cluster {self.cluster} of this account and region. Set "
            "ANCLORA_ECS_CLUSTER and ANCLORA_ECS_SERVICE, and look at AWS_PROFILE and AWS_REGION.",
            code="no_such_service",
        )

    def _ask(self, right: str, work: Callable[[Any], T]) -> T:
        """Do it with a client.

        Raises:
            NotFoundError: no such cluster or service.
            ConflictError: ECS refuses what was asked, in its own words.
            SetupError: no region or no keys.
            UnavailableError: no right to, or no answer.
        """
        try:
            client = Session().client("ecs", config=_CONFIG)
            try:
                return work(client)
            finally:
                client.close()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "?"))
            said = str(error.response.get("Error", {}).get("Message", ""))
            if code in _MISSING:
                raise self._missing() from error
            if code in _REFUSED:
                raise ConflictError(f"ECS refuses it: {said}", code="ecs_refused") from error
            if code in _DENIED:
                sentence = f"ECS does not let us ({code}). These keys need {right}."
                raise UnavailableError(sentence, code="ecs_denied") from error
            raise UnavailableError(f"ECS did not do it: {code}.", code="ecs_unavailable") from error
        except (NoCredentialsError, NoRegionError) as error:
            lacks = "keys" if isinstance(error, NoCredentialsError) else "region"
            sentence = f"There is no {lacks} for AWS. Set AWS_PROFILE, or AWS_REGION and the keys."
            raise SetupError(sentence) from error
        except BotoCoreError as error:
            raise UnavailableError(f"ECS cannot be reached: {type(error).__name__}.", code="ecs_away") from error


def short(arn: str) -> str:
    """The last part of an ARN: `family:revision`, or an id."""
    return arn.rpartition("/")[2]


def definition_of(document: Mapping[str, Any]) -> Definition:
    """A revision from ECS's description."""
    return Definition(
        name=short(document["taskDefinitionArn"]),
        cpu=int(document["cpu"]) if document.get("cpu") else None,
        memory_mb=int(document["memory"]) if document.get("memory") else None,
        document=dict(document),
    )


def service_of(said: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], *, cluster: str) -> Service:
    """A service from ECS's descriptions."""
    rollouts = [
        Rollout(
            id=each["id"],
            definition=short(each["taskDefinition"]),
            is_primary=each["status"] == "PRIMARY",
            state=each.get("rolloutState", "IN_PROGRESS"),
            reason=each.get("rolloutStateReason", ""),
            desired=each["desiredCount"],
            running=each["runningCount"],
            pending=each["pendingCount"],
            failed=each.get("failedTasks", 0),
            created_at=each["createdAt"],
        )
        for each in said["deployments"]
    ]
    return Service(
        cluster=cluster,
        name=said["serviceName"],
        definition=short(said["taskDefinition"]),
        desired=said["desiredCount"],
        running=said["runningCount"],
        rollouts=tuple(sorted(rollouts, key=lambda each: not each.is_primary)),
        tasks=tuple(_task_of(each, said["serviceName"]) for each in tasks),
        configuration=dict(said.get("deploymentConfiguration", {})),
    )


def _task_of(said: Mapping[str, Any], name: str) -> Task:
    containers = said.get("containers", ())
    # Beside ours there may be one that prepared, and has ended, or one that ships logs.
    running = [each for each in containers if each.get("lastStatus") == "RUNNING"]
    ours = [each for each in running if each["name"] in (name, _OURS)]
    main: Mapping[str, Any] = next(iter((*ours, *running, *containers)), {})
    return Task(
        id=short(said["taskArn"]),
        definition=short(said["taskDefinitionArn"]),
        rollout=said.get("startedBy", ""),
        status=said["lastStatus"],
        health=said.get("healthStatus", "UNKNOWN"),
        digest=main.get("imageDigest", ""),
        url=_url_of(main),
    )


def _url_of(container: Mapping[str, Any]) -> str:
    """A port of the host when it has one, else the address of its own network card and our port."""
    for binding in container.get("networkBindings", ()):
        return f"http://{binding['bindIP']}:{binding['hostPort']}"
    for card in container.get("networkInterfaces", ()):
        if card.get("privateIpv4Address"):
            return f"http://{card['privateIpv4Address']}:{_DEFAULT_PORT}"
    return ""
