"""A call that says what is wrong, twice, and takes a digit for what can be done about it."""

from collections.abc import Sequence
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from anclora.kit.severity import Severity
from anclora.notify.contract import Action, Delivered, Kind, Notice, Outcome, Outgoing
from anclora.notify.twilio.account import TwilioAccount

DIGIT_PATH = "/webhooks/twilio/digit"
TWIML_CHARS = 4_000  # Twilio, calls resource: the parameter Twiml
_TITLE_CHARS = 150
_WORDS_CHARS = 300
_RING_SECONDS = 30
_Lang = Literal["es", "en"]
_VOICE = {"es": "es-ES", "en": "en-GB"}
_PRESS = {"es": "Pulse {digit}: {label}.", "en": "Press {digit}: {label}."}


class TwilioVoice:
    """Calls to people.

    Args:
        account: shared with the text messages.
        sender: a number of the account.
        recipients: numbers in E.164.
        lang: it is spoken in.
        public_url: where a pressed digit reaches us; None = the call only speaks.
    """

    gap_seconds = 1.0
    kinds = frozenset({Kind.TRIGGER})

    def __init__(
        self, account: TwilioAccount, sender: str, recipients: Sequence[str], *, lang: _Lang, public_url: str | None
    ) -> None:
        self._account = account
        self._sender = sender
        self._recipients = list(recipients)
        self._lang: _Lang = lang
        self._public_url = public_url

    def targets(self, severity: Severity) -> Sequence[str]:  # noqa: ARG002 - the ways decide what is loud enough
        """Every number."""
        return self._recipients

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Have one number called. Delivered means that Twilio calls, not that somebody answers."""
        digits = f"{self._public_url.rstrip('/')}{DIGIT_PATH}/{outgoing.id}" if self._public_url else None
        form = {
            "To": outgoing.target,
            "From": self._sender,
            "Twiml": spoken(outgoing.notice, self._lang, digits),
            "Timeout": str(_RING_SECONDS),
        }
        outcome = await self._account.create("Calls", form)
        if isinstance(outcome, Delivered):
            left_out = [f"{file.name}: a call carries no files." for file in outgoing.notice.attachments]
            return Delivered(vendor_id=outcome.vendor_id, left_out=left_out)
        return outcome

    async def close(self) -> None:
        """Close the connections."""
        await self._account.close()


def spoken(notice: Notice, lang: _Lang, digits_url: str | None) -> str:
    """The TwiML of a call: what is wrong, what each digit does, and the same again. Pure."""
    words = " ".join(notice.text.split())[:_WORDS_CHARS]
    about = _say(f"{notice.title[:_TITLE_CHARS]}. {words}", lang)
    actions = list(notice.actions)[:5] if digits_url else []
    if not actions or digits_url is None:
        return _twice("<Response>", about, "</Response>")
    offers = " ".join(
        _PRESS[lang].format(digit=digit, label=action.label) for digit, action in enumerate(actions, start=1)
    )
    gather = f'<Gather numDigits="1" timeout="8" method="POST" action={quoteattr(digits_url)}>'
    return _twice(f"<Response>{gather}", about + _say(offers, lang), "</Gather></Response>")


def _twice(head: str, words: str, tail: str) -> str:
    """Said again for whoever was asleep, as far as Twilio takes it."""
    twice = f"{head}{words}<Pause/>{words}{tail}"
    return twice if len(twice) <= TWIML_CHARS else f"{head}{words}{tail}"


def said_back(text: str, lang: _Lang) -> str:
    """The TwiML of an answer to a digit, which ends the call."""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{_say(text[:500], lang)}<Hangup/></Response>'


def action_of(offered: Sequence[Action], digit: str) -> Action | None:
    """Which of the actions a digit means; None = none of them."""
    place = int(digit) - 1 if digit.isascii() and digit.isdecimal() and len(digit) == 1 else -1
    return offered[place] if 0 <= place < len(offered) else None


def _say(text: str, lang: _Lang) -> str:
    clean = "".join(sign if sign.isprintable() else " " for sign in text)  # XML 1.0 has no place for control signs
    return f'<Say language="{_VOICE[lang]}">{escape(clean)}</Say>'
