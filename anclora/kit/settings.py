"""Every setting, in one frozen object: name, type, default and help on one line. A bad one refuses to start.

`DATABASE_URL`, `REDIS_URL` and `EVOLUTION_*` keep the names the field knows; all others are `ANCLORA_<NAME>`.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import SettingsConfigDict

from anclora.kit.errors import SetupError
from anclora.kit.settings_ops import OpsSettings
from anclora.kit.settings_values import Count, Currency, Hours, Region, Seconds, TimeOfDay, Zone


class Settings(OpsSettings):
    """The configuration of one process."""

    model_config = SettingsConfigDict(env_prefix="ANCLORA_", frozen=True, extra="ignore", populate_by_name=True)

    database_url: str | None = Field(
        default=None, validation_alias="DATABASE_URL", description="Postgres; unset = a private one"
    )
    redis_url: str | None = Field(
        default=None, validation_alias="REDIS_URL", description="Redis; unset = a private one"
    )
    redis_cluster: bool = Field(default=False, description="REDIS_URL names a node of a Redis Cluster")
    evolution_api_url: str | None = Field(
        default=None, validation_alias="EVOLUTION_API_URL", description="Evolution API server"
    )
    evolution_api_key: str | None = Field(
        default=None, validation_alias="EVOLUTION_API_KEY", description="its global key"
    )

    cloud_account_id: str | None = Field(default=None, description="Meta's WhatsApp Business Account (WABA)")
    cloud_token: str | None = Field(default=None, description="Meta's access token of a system user", repr=False)
    cloud_app_secret: str | None = Field(default=None, description="of the Meta app: it signs webhooks", repr=False)
    cloud_verify_token: str | None = Field(
        default=None, description="what Meta shows when it checks the address of our webhook; any text", repr=False
    )
    cloud_graph_url: str = Field(default="https://graph.facebook.com/v24.0", description="Meta's Graph, with version")

    public_url: str | None = Field(
        default=None, description="where webhooks reach this server, e.g. https://wa.example.com"
    )
    data_dir: Path = Field(default=Path(".anclora"), description="where the private servers and the env file live")
    timezone: Zone = Field(default="Europe/Madrid", description="the business time zone")
    default_pacing: Literal["qr", "cloud", "sandbox"] = Field(
        default="qr", description="how fast a number goes for which nobody chose anything"
    )
    default_region: Region = Field(default="ES", description="country of national numbers")
    currency: Currency = Field(default="EUR", description="the business currency (ISO 4217): what revenue is summed in")
    attribution_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=7, description="what reached a person so long before a conversion may have led to it"
    )
    groups: Literal["ignore", "store"] = Field(
        default="ignore", description="what is said in groups: ignore, or store it with what people say to us"
    )
    redis_keeps: bool = Field(
        default=True, description="false = this Redis keeps nothing on disk, and that is on purpose"
    )
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=0, description="processes without doors answer /metrics and /health/live here; 0 = they do not"
    )
    sentry_dsn: str | None = Field(
        default=None, validation_alias="SENTRY_DSN", description="gets errors and the check-ins of chores", repr=False
    )
    blocked_seconds: Annotated[float, Field(ge=0, le=3_600)] = Field(
        default=30.0,
        description="a process whose event loop did not run for so long writes its stacks and ends; 0 = never",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="lowest level written")
    open_routes: bool = Field(default=True, description="false asks for a key on /health, /metrics and the like too")

    lease_seconds: Seconds = Field(
        default=30.0, description="a worker silent for this long has lost what it was sending"
    )
    lease_margin_seconds: Seconds = Field(default=5.0, description="no send starts this close to the end of a lease")
    connect_timeout_seconds: Seconds = Field(default=5.0, description="to open a connection to a provider")
    send_timeout_seconds: Seconds = Field(default=60.0, description="for the whole answer of a provider")
    grace_seconds: Seconds = Field(
        default=30.0, description="waited on top before an absent message counts as not sent"
    )
    unknown_deadline_seconds: Seconds = Field(default=900.0, description="then an unknown outcome waits for a person")
    stall_after_seconds: Seconds = Field(
        default=120.0, description="a sent message that WhatsApp did not acknowledge by then is marked and looked up"
    )
    watch_every_seconds: Seconds = Field(default=10.0, description="between two looks at the traffic of the numbers")
    canary_every_seconds: Annotated[float, Field(ge=0, le=604_800)] = Field(
        default=0.0, description="a number quiet for so long writes to another of ours; 0 = never"
    )
    mender: bool = Field(default=True, description="false leaves numbers that do not work to people")
    mends_per_hour: Count = Field(default=3, description="remedies one number may get in an hour")
    mends_per_hour_all: Count = Field(default=10, description="remedies all numbers together may get in an hour")
    outbox_after_seconds: Seconds = Field(default=5.0, description="an outbox row older than this is enqueued again")
    sweep_every_seconds: Seconds = Field(default=1.0, description="between two rounds of the sweeps")
    gap_after_seconds: Seconds = Field(
        default=900.0, description="after not listening for this long, what was missed is looked up"
    )
    silence_seconds: Seconds = Field(
        default=1_800.0, description="after hearing nothing of an open number for this long, it is looked up"
    )
    conversation_idle_seconds: Annotated[float, Field(ge=60, le=2_592_000)] = Field(
        default=86_400.0, description="a conversation in which nobody says anything for so long is over"
    )
    reconcile_every_seconds: Seconds = Field(default=60.0, description="between two comparisons of ledger and lanes")
    notice_seconds: Annotated[float, Field(ge=0, le=600)] = Field(
        default=1.0,
        description="told to stop, a process says for so long that it is not ready before it closes its doors",
    )
    drain_seconds: Seconds = Field(default=60.0, description="for what is being sent when the process is told to stop")
    max_age_seconds: Annotated[float, Field(gt=0)] = Field(
        default=86_400.0, description="older than this it is dead too"
    )
    backlog_limit_seconds: Seconds = Field(
        default=300.0, description="accepts answer 503 when the outbox is older than this"
    )

    send_slots: Count = Field(default=4_096, description="messages one dispatch process holds at once")
    connections: Count = Field(default=64, description="requests one dispatch process has open at once")
    shards: Annotated[int, Field(ge=1, le=256)] = Field(default=16, description="of the queue; fixed per installation")
    bulk_limit: Count = Field(default=1_000, description="messages in one bulk request")
    body_limit_bytes: Annotated[int, Field(ge=1_024)] = Field(default=24_000_000, description="of one API request")
    webhook_limit_bytes: Annotated[int, Field(ge=1_024)] = Field(default=8_000_000, description="of one webhook")
    idempotency_days: Count = Field(default=7, description="a key answers the same for this long")
    media_dir: Path | None = Field(
        default=None, description="uploaded files; unset = media in the data directory; all processes need the same"
    )
    media_bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] | None = Field(
        default=None, description="an S3 bucket for uploaded files, in the place of the folder; keys and region: AWS_*"
    )
    media_prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]+/)*$", max_length=200)] = Field(
        default="media/", description="of every key in that bucket; with a slash at its end"
    )
    media_limit_bytes: Annotated[int, Field(ge=1_024)] = Field(default=100_000_000, description="of one uploaded file")
    media_days: Count = Field(default=30, description="an uploaded file is kept this long after its last use")
    number_check_days: Count = Field(default=7, description="whether a number has WhatsApp is remembered this long")
    number_checks_per_day: Count = Field(
        default=200, description="numbers one instance asks WhatsApp about in a day; asking in bulk gets numbers banned"
    )
    webhook_days: Count = Field(default=14, description="raw webhooks are kept this long, by whole days")
    heard_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        default=0, description="what people said is kept this long; 0 = for ever, and figures can be recounted for ever"
    )
    gap_days: Count = Field(default=90, description="spans that were looked up are listed this long")
    event_days: Count = Field(
        default=14, description="events, and what integrators were told of them, are kept this long"
    )
    hooks_allow: str = Field(
        default="", description="networks of our own that webhooks out may go to, e.g. 127.0.0.0/8,10.20.0.0/16"
    )
    hooks_timeout_seconds: Seconds = Field(default=15.0, description="for the whole answer of an integrator's endpoint")
    hooks_pause_after_seconds: Seconds = Field(
        default=21_600.0, description="an endpoint that only failed for so long is paused"
    )

    slack_bot_token: str | None = Field(
        default=None, validation_alias="SLACK_BOT_TOKEN", description="of a Slack app, xoxb-…", repr=False
    )
    slack_webhook_url: str | None = Field(
        default=None,
        validation_alias="SLACK_WEBHOOK_URL",
        description="an incoming webhook of Slack, where there is no bot token; it carries no files",
        repr=False,
    )
    slack_channel_reports: str = Field(
        default="#anclora-reports", validation_alias="SLACK_CHANNEL_REPORTS", description="gets reports"
    )
    slack_channel_warnings: str = Field(
        default="#anclora-warnings", validation_alias="SLACK_CHANNEL_WARNINGS", description="gets warnings"
    )
    slack_channel_critical: str = Field(
        default="#anclora-critical", validation_alias="SLACK_CHANNEL_CRITICAL", description="gets what cannot wait"
    )
    slack_api_url: str = Field(
        default="https://slack.com/api", validation_alias="SLACK_API_URL", description="root of Slack's Web API"
    )
    slack_signing_secret: str | None = Field(
        default=None,
        validation_alias="SLACK_SIGNING_SECRET",
        description="of the Slack app: it proves presses of buttons; unset = messages have no buttons",
        repr=False,
    )
    pagerduty_routing_key: str | None = Field(
        default=None,
        validation_alias="PAGERDUTY_ROUTING_KEY",
        description="integration key of a service (Events API v2); unset = nobody is paged there",
        repr=False,
    )
    pagerduty_events_url: str = Field(
        default="https://events.pagerduty.com/v2/enqueue",
        validation_alias="PAGERDUTY_EVENTS_URL",
        description="where events go; https://events.eu.pagerduty.com/v2/enqueue in Europe",
    )
    twilio_account_sid: str | None = Field(default=None, description="of Twilio, AC…; unset = no calls and texts")
    twilio_auth_token: str | None = Field(default=None, description="of that account", repr=False)
    twilio_from: str | None = Field(default=None, description="a number of that account, e.g. +34600111222")
    twilio_to: str = Field(default="", description="numbers that are called and texted, separated by commas")
    twilio_api_url: str = Field(default="https://api.twilio.com", description="root of Twilio's API, or one like it")
    notify_webhook_url: str | None = Field(
        default=None, description="an address of yours that hears of every notice; unset = none", repr=False
    )
    notify_webhook_secret: str | None = Field(
        default=None, description="whsec_…, what those requests are signed with (Standard Webhooks)", repr=False
    )
    ways_critical: str = Field(
        default="pagerduty > voice > sms > email, slack > email, webhook",
        description="who hears of what cannot wait: channels side by side, each with its second paths after >",
    )
    ways_warning: str = Field(default="slack > email, webhook", description="the same for warnings")
    ways_info: str = Field(default="slack > email, webhook", description="the same for the rest")
    ways_wait_seconds: Seconds = Field(
        default=120.0, description="a notice undelivered for so long takes the second path; a refused one at once"
    )
    smtp_host: str | None = Field(default=None, description="the server mail is handed in to; unset = no e-mail")
    smtp_port: Annotated[int, Field(ge=1, le=65_535)] = Field(default=587, description="its port")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="starttls (587), tls (465), or none inside a network of one's own"
    )
    smtp_user: str | None = Field(default=None, description="unset = the server wants no login")
    smtp_password: str | None = Field(default=None, description="of that user", repr=False)
    smtp_from: str | None = Field(default=None, description="sender of notices, e.g. Anclora <reports@example.com>")
    smtp_to: str = Field(default="", description="who gets reports and alerts by e-mail, separated by commas")

    report_language: Literal["es", "en"] = Field(default="es", description="of reports, where nobody asks otherwise")
    report_at: TimeOfDay = Field(
        default="18:00",
        description="business time at which the day so far is posted; Mondays the week, on the 1st the month",
    )
    report_to: str = Field(default="", description="channels that get it, e.g. slack,email; empty = nobody")

    business_hours: Hours = Field(
        default="09:00-18:00", description="Monday to Friday: when warnings call people, by the business time zone"
    )
    grafana_url: str | None = Field(default=None, description="root of Grafana; notices then link the dashboard")
    heartbeat_url: str | None = Field(
        default=None, description="a dead man's switch, asked every minute while escalation works", repr=False
    )

    @property
    def media_folder(self) -> Path:
        """Where uploaded files lie."""
        return self.media_dir or self.data_dir / "media"


# The names a person reads in the environment, per field: `tests/docs` holds the reference page to it.
def env_name(field: str) -> str:
    """The environment variable of a field."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return str(alias) if alias else f"ANCLORA_{field.upper()}"


def load_settings(**overrides: object) -> Settings:
    """Read environment and `.env` (or the file `ANCLORA_ENV_FILE` names; empty = none).

    Raises:
        SetupError: a setting has a bad value; the sentence names it.
    """
    env_file = os.environ.get("ANCLORA_ENV_FILE", ".env") or None
    try:
        return Settings(_env_file=env_file, **overrides)  # pyright: ignore[reportArgumentType, reportCallIssue]
    except ValidationError as error:
        lines = [f"{env_name_of(item['loc'])}: {item['msg']}" for item in error.errors()]
        raise SetupError("The configuration cannot be used. " + "; ".join(lines)) from error


def env_name_of(location: tuple[int | str, ...]) -> str:
    """The variable a validation error speaks of."""
    name = str(location[0]) if location else "?"
    return env_name(name) if name in Settings.model_fields else name
