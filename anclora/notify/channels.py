"""The channels of one process, by name, each behind its guard, and the ways notices take over them.

There is no WhatsApp among them, on purpose: what tells that WhatsApp is down must not go by it.
"""

from collections.abc import Mapping, Sequence

from anclora.kit.clock import Clock
from anclora.kit.errors import SetupError
from anclora.kit.settings import Settings, env_name
from anclora.kit.severity import Severity
from anclora.kit.signing import is_secret
from anclora.notify.contract import Channel
from anclora.notify.email import Mail, MailAccount
from anclora.notify.guard import GuardedChannel
from anclora.notify.pagerduty import KEY_CHARS, PagerDuty
from anclora.notify.slack import SlackBot, SlackWebhook
from anclora.notify.twilio import TwilioAccount, TwilioText, TwilioVoice
from anclora.notify.ways import WAIT_SECONDS, Leg, Policy, legs_of, parse_legs
from anclora.notify.webhook import NoticeWebhook

SLACK, EMAIL, PAGERDUTY, VOICE, SMS, WEBHOOK = "slack", "email", "pagerduty", "voice", "sms", "webhook"
_WANTED: Mapping[str, str] = {
    SLACK: "SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL",
    EMAIL: "ANCLORA_SMTP_HOST, ANCLORA_SMTP_FROM and ANCLORA_SMTP_TO",
    PAGERDUTY: "PAGERDUTY_ROUTING_KEY",
    VOICE: "ANCLORA_TWILIO_ACCOUNT_SID, ANCLORA_TWILIO_AUTH_TOKEN, ANCLORA_TWILIO_FROM and ANCLORA_TWILIO_TO",
    SMS: "ANCLORA_TWILIO_ACCOUNT_SID, ANCLORA_TWILIO_AUTH_TOKEN, ANCLORA_TWILIO_FROM and ANCLORA_TWILIO_TO",
    WEBHOOK: "ANCLORA_NOTIFY_WEBHOOK_URL and ANCLORA_NOTIFY_WEBHOOK_SECRET",
}
_WAYS: Mapping[Severity, str] = {
    Severity.INFO: "ways_info",
    Severity.WARNING: "ways_warning",
    Severity.CRITICAL: "ways_critical",
}


class Channels(dict[str, Channel]):
    """Channel name to channel. `channels[name]` for one that is not configured says which setting is missing.

    Args:
        found: those that are configured.
        policy: names of channels by severity, as ways of ladders.
        wait_seconds: before the next rung of a ladder is used.
    """

    def __init__(
        self,
        found: Mapping[str, Channel] | None = None,
        policy: Policy | None = None,
        *,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        super().__init__(found or {})
        self.policy: Policy = policy or {}
        self.wait_seconds = wait_seconds

    def __missing__(self, name: str) -> Channel:
        """Raise `SetupError`: it is not configured."""
        wanted = _WANTED.get(name)
        hint = f"Set {wanted} where the server runs." if wanted else f"There are: {', '.join(_WANTED)}."
        raise SetupError(f"The channel {name[:40]!r} is not configured. {hint}")

    def legs(self, severity: Severity, people: Mapping[str, Sequence[str]] | None = None) -> list[Leg]:
        """The ways a notice takes, for `route`; a channel that is not configured is stepped over.

        Args:
            severity: of the notice.
            people: targets by channel instead of those of the settings, for example the phone of who is on call.
        """
        targets = {name: channel.targets(severity) for name, channel in self.items()}
        targets |= {name: each for name, each in (people or {}).items() if name in self}
        return legs_of(self.policy.get(severity, ()), targets, wait_seconds=self.wait_seconds)

    async def close(self) -> None:
        """Close every channel's connections; stop the callers first."""
        for channel in self.values():
            await channel.close()


def build_channels(settings: Settings, clock: Clock) -> Channels:
    """The channels the settings name; a bot token wins over a webhook, since it can do more.

    Raises:
        SetupError: a channel is configured in part, or a way names a channel there is not.
        InvalidError: an address is none.
    """
    found = {**_slack(settings), **_email(settings), **_pagerduty(settings), **_twilio(settings)}
    found |= _webhook(settings, clock)
    policy = {
        severity: parse_legs(getattr(settings, field), _WANTED, env_name(field)) for severity, field in _WAYS.items()
    }
    guarded = {name: GuardedChannel(channel, name, clock) for name, channel in found.items()}
    return Channels(guarded, policy, wait_seconds=settings.ways_wait_seconds)


def _slack(settings: Settings) -> dict[str, Channel]:
    buttons = settings.slack_signing_secret is not None
    if settings.slack_bot_token:
        by_severity = {
            Severity.INFO: settings.slack_channel_reports,
            Severity.WARNING: settings.slack_channel_warnings,
            Severity.CRITICAL: settings.slack_channel_critical,
        }
        if not all(by_severity.values()):
            raise SetupError(
                "Slack is configured in part: set SLACK_CHANNEL_REPORTS, SLACK_CHANNEL_WARNINGS and "
                "SLACK_CHANNEL_CRITICAL to channels, or leave them out."
            )
        return {SLACK: SlackBot(settings.slack_bot_token, by_severity, api_url=settings.slack_api_url, buttons=buttons)}
    if settings.slack_webhook_url:
        return {SLACK: SlackWebhook(settings.slack_webhook_url, buttons=buttons)}
    if buttons:
        raise SetupError(f"Slack is configured in part: SLACK_SIGNING_SECRET is set; set {_WANTED[SLACK]} too.")
    return {}


def _email(settings: Settings) -> dict[str, Channel]:
    recipients = _words(settings.smtp_to)
    if not _whole("E-mail", EMAIL, settings.smtp_host, settings.smtp_from, recipients):
        return {}
    account = MailAccount(
        host=settings.smtp_host or "",
        port=settings.smtp_port,
        tls=settings.smtp_tls,
        sender=settings.smtp_from or "",
        user=settings.smtp_user or "",
        password=settings.smtp_password or "",
    )
    return {EMAIL: Mail(account, recipients)}


def _pagerduty(settings: Settings) -> dict[str, Channel]:
    key = settings.pagerduty_routing_key
    if not key:
        return {}
    if len(key) != KEY_CHARS or not key.isalnum():
        raise SetupError(
            f"PAGERDUTY_ROUTING_KEY is no integration key: those are {KEY_CHARS} letters and digits. Take it from the "
            "service's integration of the kind Events API v2."
        )
    return {PAGERDUTY: PagerDuty(key, url=settings.pagerduty_events_url)}


def _twilio(settings: Settings) -> dict[str, Channel]:
    recipients = _words(settings.twilio_to)
    sid, token, sender = settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_from
    if not _whole("Twilio", VOICE, sid, token, sender, recipients):
        return {}
    wrong = next((each for each in (sender or "", *recipients) if not _is_number(each)), None)
    if wrong is not None:
        raise SetupError(
            "ANCLORA_TWILIO_FROM and ANCLORA_TWILIO_TO want numbers such as +34600111222; "
            f"one ends with {wrong[-3:]!r}."
        )
    account = TwilioAccount(sid or "", token or "", url=settings.twilio_api_url)
    lang, public_url = settings.report_language, settings.public_url
    return {
        VOICE: TwilioVoice(account, sender or "", recipients, lang=lang, public_url=public_url),
        SMS: TwilioText(account, sender or "", recipients),
    }


def _webhook(settings: Settings, clock: Clock) -> dict[str, Channel]:
    url, secret = settings.notify_webhook_url, settings.notify_webhook_secret
    if not _whole("The webhook of notices", WEBHOOK, url, secret):
        return {}
    if not is_secret(secret or ""):
        raise SetupError(
            "ANCLORA_NOTIFY_WEBHOOK_SECRET is whsec_ and 24 to 64 bytes in base64, as Standard Webhooks says."
        )
    return {WEBHOOK: NoticeWebhook(url or "", secret or "", clock)}


def _whole(what: str, name: str, *values: object) -> bool:
    """Whether a channel is configured. Raises `SetupError` when it is in part."""
    if any(values) and not all(values):
        raise SetupError(f"{what} is configured in part: set {_WANTED[name]}, or none of them.")
    return all(values)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _is_number(text: str) -> bool:
    """E.164: a plus and 8 to 15 digits."""
    return text.startswith("+") and text[1:].isascii() and text[1:].isdecimal() and 8 <= len(text) - 1 <= 15
