"""What happens to a message: pure decisions from seed, recipient and text."""

from collections.abc import Sequence
from hashlib import blake2b
from struct import unpack
from typing import NamedTuple

from anclora.providers.sandbox.script import Fault, Pick, Range, Receipts, Script

_FACES = 65_536

# Every decision reads its own die, so changing one share leaves all others as they were.
_LATENCY, _FAULT, _SWALLOW, _DOUBLE, _NEVER, _DISORDER, _EARLY, _READ, _ERROR, _RECEIPT = range(10)
_DICE_PER_RECEIPT = 3


class Dice:
    """Thirty-two dice thrown once per name."""

    __slots__ = ("_faces",)

    def __init__(self, seed: int, *names: str) -> None:
        digest = blake2b("\0".join((str(seed), *names)).encode(errors="surrogatepass"))
        self._faces: tuple[int, ...] = unpack("<32H", digest.digest())

    def share(self, die: int) -> float:
        """A number from 0 up to, but not including, 1."""
        return self._faces[die] / _FACES

    def between(self, die: int, limits: Range) -> float:
        """A number within a range."""
        return limits[0] + (limits[1] - limits[0]) * self.share(die)


class Receipt(NamedTuple):
    """One receipt to come: its status, seconds after the send, and how often its webhook is posted."""

    status: str
    after_seconds: float
    posts: int


class Fate(NamedTuple):
    """All that happens to one message."""

    latency_seconds: float
    fault: Fault | None
    swallowed: bool
    doubled: bool
    early: bool
    receipts: Sequence[Receipt]


def on_whatsapp(script: Script, recipient: str) -> bool:
    """Whether a number has WhatsApp. Says the same of a number for ever."""
    pick = script.not_on_whatsapp
    if recipient in pick.numbers:
        return False
    return not pick.share or Dice(script.seed, "number", recipient).share(0) >= pick.share


def reply(script: Script, recipient: str) -> tuple[str, float] | None:
    """What this recipient answers, and after how many seconds."""
    rule = script.replies
    if not rule.texts or not (rule.share or rule.numbers):
        return None
    dice = Dice(script.seed, "reply", recipient)
    if recipient not in rule.numbers and dice.share(0) >= rule.share:
        return None
    return rule.texts[int(dice.share(1) * len(rule.texts))], dice.between(2, rule.delay_ms) / 1000


def decide(script: Script, recipient: str, text: str, *, nth: int) -> Fate:
    """The fate of a message, the `nth` to arrive."""
    dice = Dice(script.seed, "message", recipient, text)
    return Fate(
        latency_seconds=dice.between(_LATENCY, script.latency_ms) / 1000,
        fault=_fault(script.faults, dice.share(_FAULT), recipient, text),
        swallowed=_picked(script.swallow, dice.share(_SWALLOW), recipient, text, nth),
        doubled=_picked(script.double, dice.share(_DOUBLE), recipient, text, nth),
        early=dice.share(_EARLY) < script.receipts.early_share,
        receipts=_receipts(script.receipts, dice),
    )


def _picked(pick: Pick, share: float, recipient: str, text: str, nth: int) -> bool:
    words = pick.text is not None and pick.text in text
    return words or share < pick.share or recipient in pick.numbers or nth in pick.nth


def _fault(rules: Sequence[Fault], share: float, recipient: str, text: str) -> Fault | None:
    reached = 0.0
    for rule in rules:
        if rule.recipient not in (None, recipient) or (rule.text is not None and rule.text not in text):
            continue
        reached += rule.share
        if share < reached:
            return rule
    return None


def _receipts(rule: Receipts, dice: Dice) -> Sequence[Receipt]:
    if dice.share(_NEVER) < rule.never_share:
        return ()
    steps = [("SERVER_ACK", rule.server_ack_ms)]
    if dice.share(_ERROR) < rule.error_share:
        steps.append(("ERROR", rule.delivery_ms))
    else:
        steps.append(("DELIVERY_ACK", rule.delivery_ms))
        if dice.share(_READ) < rule.read_share:
            steps.append(("READ", rule.read_ms))
    statuses = [status for status, _ in steps]
    if dice.share(_DISORDER) < rule.disorder_share:
        statuses.reverse()
    receipts: list[Receipt] = []
    for number, (status, (_, limits)) in enumerate(zip(statuses, steps, strict=True)):
        die = _RECEIPT + _DICE_PER_RECEIPT * number
        posts = 2 if dice.share(die + 1) < rule.duplicate_share else 1
        if dice.share(die + 2) < rule.lost_share:
            posts = 0
        receipts.append(Receipt(status, dice.between(die, limits) / 1000, posts))
    return receipts
