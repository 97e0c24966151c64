"""A text message: title, the first words and the first link, within what a phone shows at a glance."""

from collections.abc import Sequence

from anclora.kit.severity import Severity
from anclora.notify.contract import Delivered, Kind, Notice, Outcome, Outgoing
from anclora.notify.twilio.account import TwilioAccount

_WORDS_CHARS = 250
BODY_CHARS = 1_600  # Twilio: error 21617 above


class TwilioText:
    """Text messages to people.

    Args:
        account: shared with the calls.
        sender: a number of the account.
        recipients: numbers in E.164.
    """

    gap_seconds = 1.0
    kinds = frozenset({Kind.TRIGGER, Kind.RESOLVE})  # whoever was woken may go back to sleep

    def __init__(self, account: TwilioAccount, sender: str, recipients: Sequence[str]) -> None:
        self._account = account
        self._sender = sender
        self._recipients = list(recipients)

    def targets(self, severity: Severity) -> Sequence[str]:  # noqa: ARG002 - the ways decide what is loud enough
        """Every number."""
        return self._recipients

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Send one text; files stay here, and that is said."""
        form = {"To": outgoing.target, "From": self._sender, "Body": body_of(outgoing.notice)}
        outcome = await self._account.create("Messages", form)
        if isinstance(outcome, Delivered):
            left_out = [f"{file.name}: a text message carries no files." for file in outgoing.notice.attachments]
            return Delivered(vendor_id=outcome.vendor_id, left_out=left_out)
        return outcome

    async def close(self) -> None:
        """Close the connections."""
        await self._account.close()


def body_of(notice: Notice) -> str:
    """The words of a text message. Pure."""
    words = notice.text if len(notice.text) <= _WORDS_CHARS else f"{notice.text[:_WORDS_CHARS]}…"
    link = f"\n{notice.links[0].url}" if notice.links and len(notice.links[0].url) <= 1_000 else ""
    return f"{notice.title}\n{words}{link}"[:BODY_CHARS]
