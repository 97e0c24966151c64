"""The channels of one process, by name, each behind its guard."""

from collections.abc import Mapping

from anclora.kit.clock import Clock
from anclora.kit.errors import SetupError
from anclora.kit.settings import Settings
from anclora.notify.contract import Channel, Severity
from anclora.notify.email import Mail, MailAccount
from anclora.notify.guard import GuardedChannel
from anclora.notify.slack import SlackBot, SlackWebhook

SLACK = "slack"
EMAIL = "email"
_WANTED: Mapping[str, str] = {
    SLACK: "SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL",
    EMAIL: "ANCLORA_SMTP_HOST, ANCLORA_SMTP_FROM and ANCLORA_SMTP_TO",
}


class Channels(dict[str, Channel]):
    """Channel name to channel. `channels[name]` for one that is not configured says which setting is missing."""

    def __missing__(self, name: str) -> Channel:
        """Raise `SetupError`: it is not configured."""
        wanted = _WANTED.get(name)
        hint = f"Set {wanted} where the server runs." if wanted else f"There are: {', '.join(_WANTED)}."
        raise SetupError(f"The channel {name[:40]!r} is not configured. {hint}")

    async def close(self) -> None:
        """Close every channel's connections; stop the callers first."""
        for channel in self.values():
            await channel.close()


def build_channels(settings: Settings, clock: Clock) -> Channels:
    """The channels the settings name; a bot token wins over a webhook, since it can do more.

    Raises:
        SetupError: mail is configured in part.
        InvalidError: an address is none.
    """
    found: dict[str, Channel] = {}
    if settings.slack_bot_token:
        by_severity = {
            Severity.INFO: settings.slack_channel_reports,
            Severity.WARNING: settings.slack_channel_warnings,
            Severity.CRITICAL: settings.slack_channel_critical,
        }
        found[SLACK] = SlackBot(settings.slack_bot_token, by_severity, api_url=settings.slack_api_url)
    elif settings.slack_webhook_url:
        found[SLACK] = SlackWebhook(settings.slack_webhook_url)
    recipients = [word.strip() for word in settings.smtp_to.split(",") if word.strip()]
    named = (settings.smtp_host, settings.smtp_from, recipients)
    if any(named) and not all(named):
        raise SetupError(f"E-mail is configured in part: set {_WANTED[EMAIL]}, or none of them.")
    if settings.smtp_host and settings.smtp_from:
        account = MailAccount(
            host=settings.smtp_host,
            port=settings.smtp_port,
            tls=settings.smtp_tls,
            sender=settings.smtp_from,
            user=settings.smtp_user or "",
            password=settings.smtp_password or "",
        )
        found[EMAIL] = Mail(account, recipients)
    return Channels({name: GuardedChannel(channel, name, clock) for name, channel in found.items()})
