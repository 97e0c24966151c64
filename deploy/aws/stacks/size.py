"""What differs between staging and production, and nothing else does."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Size:
    """An environment.

    Attributes:
        name: of cluster, roles, secrets and exports: `anclora-<name>`.
        network: the first two bytes of its addresses.
        tasks: that run at least; `most_tasks` where the backlog asks for them.
        cpu: units of a task, 1,024 = one vCPU; `memory_mb`: its memory.
        backlog_per_task: what waits for a worker, per task, before there is another task.
        two_zones: whether database and way out stand in two zones, for an outage of one.
        durable_redis: whether a change of the lanes is answered only when two zones have it.
        backup_days: for how long Postgres can be set back to any moment.
    """

    name: str
    network: str
    tasks: int
    most_tasks: int
    cpu: int
    memory_mb: int
    backlog_per_task: int
    two_zones: bool
    durable_redis: bool
    database_class: str
    database_gb: int
    redis_class: str
    backup_days: int
    log_days: int
    log_group: str
    backups_bucket: str
    logs_bucket: str

    @property
    def prefix(self) -> str:
        """What the names of this environment begin with."""
        return f"anclora-{self.name}"


# Names, number and size of the tasks are the playbook's; its 5,000 waiting messages are 1,250 for each of four.
PRODUCTION = Size(
    name="production",
    network="10.40",
    tasks=4,
    most_tasks=8,
    cpu=1_024,
    memory_mb=2_048,
    backlog_per_task=1_250,
    two_zones=True,
    durable_redis=True,
    database_class="db.m7g.large",
    database_gb=200,
    redis_class="cache.m7g.large",
    backup_days=35,
    log_days=365,
    log_group="/ecs/anclora-whatsapp",
    backups_bucket="anclora-backups",
    logs_bucket="anclora-logs",
)
# Names that may exist once in an account, or once in the world, are its own: it may share the account.
STAGING = replace(
    PRODUCTION,
    name="staging",
    network="10.41",
    tasks=1,
    most_tasks=2,
    cpu=512,
    memory_mb=1_024,
    two_zones=False,
    durable_redis=False,
    database_class="db.t4g.small",
    database_gb=20,
    redis_class="cache.t4g.small",
    backup_days=7,
    log_group="/ecs/anclora-whatsapp-staging",
    backups_bucket="anclora-backups-staging-${AWS::AccountId}",
    logs_bucket="anclora-logs-staging-${AWS::AccountId}",
)
SIZES = (STAGING, PRODUCTION)
