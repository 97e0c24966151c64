"""The settings of routines: where they look, and whom they tell. What other tools know keeps the name they use."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

_BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"


class OpsSettings(BaseSettings):
    """Part of `Settings`; nothing here changes how messages are sent."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = Field(
        default=None, description="where this API answers for commands and routines, e.g. http://127.0.0.1:8000"
    )
    ops_to: str = Field(default="", description="channels that hear of every routine, e.g. slack; empty = nobody")
    log_dir: Path | None = Field(
        default=None,
        description="folder of JSON logs, such as api-2026-01-31.log: their errors are counted, closed days shipped; "
        "unset = logs in the data directory, which are only counted",
    )
    log_group: str | None = Field(
        default=None, description="a log group of CloudWatch Logs, in the place of a folder; keys and region: AWS_*"
    )
    metrics_namespace: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/#:-]+$", max_length=255)] | None = Field(
        default=None,
        description="the namespace of CloudWatch for the backlog, which is then a line of the log each minute; "
        "unset = no line",
    )
    sentry_url: str = Field(default="https://sentry.io", validation_alias="SENTRY_URL", description="root of Sentry")
    sentry_org: str | None = Field(
        default=None, validation_alias="SENTRY_ORG", description="slug of the organisation whose issues are read"
    )
    sentry_project: str | None = Field(default=None, validation_alias="SENTRY_PROJECT", description="slug of a project")
    sentry_auth_token: str | None = Field(
        default=None, validation_alias="SENTRY_AUTH_TOKEN", description="that may read issues (event:read)", repr=False
    )
    github_repository: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = Field(
        default=None, validation_alias="GITHUB_REPOSITORY", description="owner/name, whose commits are deployed"
    )
    github_token: str | None = Field(
        default=None,
        validation_alias="GITHUB_TOKEN",
        description="that may read checks and pull requests; for `anclora deps update` also write pull requests",
        repr=False,
    )
    github_api_url: str = Field(
        default="https://api.github.com", validation_alias="GITHUB_API_URL", description="root of GitHub's API"
    )
    github_staging: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        default="staging", description="the environment whose GitHub deployments must have passed before a deploy"
    )
    github_production: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        default="production", description="the environment whose last GitHub deployment is the way back"
    )
    ecs_cluster: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        default="anclora-production", description="the ECS cluster of `anclora scale` and `deploy`; keys, region: AWS_*"
    )
    ecs_service: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        default="anclora-whatsapp", description="the service in it"
    )
    scale_tasks_least: Annotated[int, Field(ge=1)] = Field(
        default=2, description="fewer tasks `anclora scale` does not leave"
    )
    scale_tasks_most: Annotated[int, Field(ge=1)] = Field(
        default=12, description="more tasks `anclora scale` does not start"
    )
    scale_memory_least_mb: Annotated[int, Field(ge=512)] = Field(
        default=1024, description="less memory `anclora scale` does not give a task"
    )
    scale_memory_most_mb: Annotated[int, Field(ge=512)] = Field(
        default=8192, description="more memory `anclora scale` does not give a task"
    )
    scale_cooldown_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=300.0, description="so long after it scaled, `anclora scale` refuses to do it again"
    )
    audit_key: Annotated[str, Field(min_length=32)] | None = Field(
        default=None, description="signs security audits; make one: openssl rand -hex 32", repr=False
    )
    advisories_url: str | None = Field(
        default=None, description="known holes of packages, from a server that answers as OSV does; unset = PyPI's own"
    )
    deps_index_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = Field(
        default=None,
        description="root of the package index that the monthly routine asks what is newest; unset = none",
        repr=False,
    )
    key_days: Annotated[int, Field(gt=0)] = Field(
        default=180, description="an API key older than this is a finding of the security audit"
    )
    log_local_days: Annotated[int, Field(ge=0, le=3_650)] = Field(
        default=7, description="a log that is in the bucket stays on this machine so long"
    )
    logs_bucket: Annotated[str, Field(pattern=_BUCKET)] | None = Field(
        default=None, description="the S3 bucket of logs; keys and region: AWS_*"
    )
    logs_prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]+/)*$", max_length=200)] = Field(
        default="", description="of every key in that bucket; with a slash at its end"
    )
    costs_tag: Annotated[str, Field(min_length=1, max_length=128)] = Field(
        default="Environment", description="the cost allocation tag of AWS that `anclora costs review` sums by"
    )
    bench_file: Path | None = Field(
        default=None,
        description="what `make bench` printed, with `commit` and `measured_at`: the ceilings of `anclora capacity`; "
        "unset = they are not measured",
    )
    costs_month_limit: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="what a month may cost at AWS, in the currency of its bill; the monthly routine compares, a "
        "forecast a tenth above it warns, and Cost Explorer is asked only when this is set",
    )
    backup_url: str | None = Field(
        default=None,
        description="where backups go: s3://bucket/prefix (keys and region: AWS_*) or a folder; unset = none",
    )
    backup_key_file: Path | None = Field(
        default=None, description="the file of keys that `anclora backup key` makes; keep a copy of it elsewhere"
    )
    backup_kinds: Annotated[
        str, Field(pattern=r"^(postgres|redis|evolution|config)(, ?(postgres|redis|evolution|config))*$")
    ] = Field(default="postgres,redis,evolution,config", description="what is backed up, as far as it is there")
    backup_timeout_seconds: Annotated[float, Field(gt=0, le=604_800)] = Field(
        default=21_600.0, description="for one round of backups"
    )
    retention_url: str | None = Field(
        default=None,
        description="where months of the ledger go that are past their days, as Parquet: s3://bucket/prefix (keys and "
        "region: AWS_*) or a folder; unset = every month stays in the ledger",
    )
    retention_days: Annotated[int, Field(ge=90, le=36_500)] = Field(
        default=400, description="a month of messages stays in the ledger so many days after its end"
    )
    backup_wal_seconds: Annotated[float, Field(ge=0, le=300)] = Field(
        default=120.0,
        description="how often Postgres's log is shipped beside the backups, so that any moment can be brought back; "
        "0 = not",
    )
    evolution_database_url: str | None = Field(
        default=None,
        description="Evolution API's own Postgres: it holds the sessions of paired numbers; unset = not backed up",
        repr=False,
    )
