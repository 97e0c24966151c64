"""Our own settings, read as a stranger who wants in would: debug, default keys, no TLS, open doors. Pure."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from anclora.kit.settings import Settings, env_name
from anclora.security.model import Check, Finding

NAME = "configuration"
# What examples and default installations carry; Evolution API's is in its own `.env.example`.
_KNOWN = frozenset({"429683c4c977415caafcce10f7d57e11", "change-me", "changeme", "change_me", "default", "sandbox"})
_FEWEST_CHARS = 16
_MAKE_ONE = "Make one of your own: openssl rand -hex 24"
_SECRETS = (
    "evolution_api_key", "cloud_token", "cloud_app_secret", "cloud_verify_token", "slack_bot_token",
    "slack_signing_secret", "pagerduty_routing_key", "twilio_auth_token", "smtp_password", "audit_key",
)  # fmt: skip
_ADDRESSES = (
    "public_url", "evolution_api_url", "cloud_graph_url", "slack_webhook_url", "slack_api_url", "pagerduty_events_url",
    "twilio_api_url", "notify_webhook_url", "heartbeat_url", "grafana_url", "sentry_dsn", "advisories_url",
)  # fmt: skip
_TLS_MODES = frozenset({"require", "verify-ca", "verify-full"})
_WIDEST_BITS = {4: 8, 6: 16}


def check_configuration(settings: Settings) -> Check:
    """Look at every setting that can leave a door open."""
    findings = (
        *_debug(settings), *_default_keys(settings), *_plain_addresses(settings), *_plain_servers(settings),
        *_open_doors(settings),
    )  # fmt: skip
    return Check(name=NAME, looked_at=len(Settings.model_fields), unit="settings", findings=findings)


def is_outside(host: str | None) -> bool:
    """Whether a host is beyond our own machines: names without a dot, `.internal` and private addresses are inside."""
    name = (host or "").lower().strip("[]")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return "." in name and not name.endswith((".internal", ".local", ".localhost"))
    return not (address.is_private or address.is_loopback)


def _finding(field: str, kind: str, what: str, advice: str) -> Finding:
    return Finding(id=f"{NAME}:{env_name(field)}:{kind}", where=env_name(field), what=what, advice=advice)


def _debug(settings: Settings) -> Iterator[Finding]:
    if settings.log_level == "DEBUG":
        yield _finding("log_level", "debug", "debug logging is on", "Set it to INFO.")


def _default_keys(settings: Settings) -> Iterator[Finding]:
    for field in _SECRETS:
        value: str | None = getattr(settings, field)
        if value is None:
            continue
        if value.lower() in _KNOWN:
            yield _finding(field, "default", "is a default everybody knows", _MAKE_ONE)
        elif len(value) < _FEWEST_CHARS:
            what = f"has fewer than {_FEWEST_CHARS} characters"
            yield _finding(field, "short", what, _MAKE_ONE)


def _plain_addresses(settings: Settings) -> Iterator[Finding]:
    for field in _ADDRESSES:
        value: str | None = getattr(settings, field)
        parts = urlsplit(value or "")
        if parts.scheme == "http" and is_outside(parts.hostname):
            yield _finding(
                field, "plain", f"goes to {parts.hostname} without TLS", "Write https://, with a certificate."
            )


def _plain_servers(settings: Settings) -> Iterator[Finding]:
    database, redis = urlsplit(settings.database_url or ""), urlsplit(settings.redis_url or "")
    mode = parse_qs(database.query).get("sslmode", ["prefer"])[0]
    if is_outside(database.hostname) and mode not in _TLS_MODES:
        what = f"Postgres on {database.hostname} may be spoken to without TLS (sslmode={mode})"
        yield _finding("database_url", "plain", what, "Add ?sslmode=verify-full.")
    if is_outside(redis.hostname) and redis.scheme != "rediss":
        what = f"Redis on {redis.hostname} is spoken to without TLS"
        yield _finding("redis_url", "plain", what, "Write rediss://, and switch TLS on there.")
    if redis.hostname and not redis.password:
        yield _finding(
            "redis_url", "no_password", "Redis wants no password", "Set requirepass there, and name it here."
        )
    if settings.smtp_host and settings.smtp_tls == "none" and is_outside(settings.smtp_host):
        yield _finding(
            "smtp_tls", "plain", f"mail goes to {settings.smtp_host} without TLS", "Set it to starttls or tls."
        )


def _open_doors(settings: Settings) -> Iterator[Finding]:
    reached = settings.public_url is not None and is_outside(urlsplit(settings.public_url).hostname)
    if settings.open_routes and reached:
        what = "/health, /metrics and the like answer anybody who knows the address"
        yield _finding("open_routes", "open", what, "Set it to false, and give Prometheus a key.")
    if settings.notify_webhook_url and not settings.notify_webhook_secret:
        what = "notices go out unsigned"
        yield _finding("notify_webhook_secret", "unsigned", what, "Set a secret of the form whsec_….")
    for text in filter(None, (part.strip() for part in settings.hooks_allow.split(","))):
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue  # the start of the program refuses it
        if network.prefixlen < _WIDEST_BITS[network.version]:
            yield _finding("hooks_allow", "wide", f"webhooks may go to all of {network}", "Name only networks you own.")
