"""Which way a notice goes to people, as data: legs side by side, each a ladder of channels.

A leg begins at its first rung. The next one is used when everybody on the rung before refused for good, or when it
reached nobody within its wait. So `pagerduty > voice > email, slack > email` pages and posts at once, calls when the
page did not get through, and mails when the post did not.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from anclora.kit.errors import SetupError
from anclora.kit.severity import Severity

WAIT_SECONDS = 120.0
# PagerDuty has one alarm for an incident: while it is open, a further call for it wakes nobody there.
ONE_ALARM = frozenset({"pagerduty"})
_LEGS, _RUNGS = 8, 8


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """Some people at one channel.

    Attributes:
        channel: its name.
        targets: as the channel names people; reached = one of them has it.
        wait_seconds: after the rung before was used.
    """

    channel: str
    targets: Sequence[str]
    wait_seconds: float = WAIT_SECONDS


Leg = Sequence[Rung]
Policy = Mapping[Severity, Sequence[Sequence[str]]]


def parse_legs(text: str, known: Collection[str], setting: str) -> Sequence[Sequence[str]]:
    """Names of channels from `pagerduty > voice > email, slack > email`.

    Args:
        text: legs with commas between, rungs with `>`; empty = nobody hears of it.
        known: channels there are, configured or not.
        setting: where the text stands, for the sentence.

    Raises:
        SetupError: it names a channel there is not, or the same twice in a leg, or too many.
    """
    legs = [[name.strip() for name in leg.split(">")] for leg in text.split(",") if leg.strip()]
    for leg in legs:
        for name in leg:
            if name not in known:
                raise SetupError(f"{setting} names {name[:40]!r}. There are: {', '.join(known)}.")
        if len(set(leg)) < len(leg) or len(leg) > _RUNGS:
            raise SetupError(f"{setting} names a channel twice in one way: {' > '.join(leg)[:100]}.")
    if len(legs) > _LEGS:
        raise SetupError(f"{setting} has {len(legs)} ways; at most {_LEGS} go side by side.")
    return legs


def legs_of(names: Sequence[Sequence[str]], people: Mapping[str, Sequence[str]], *, wait_seconds: float) -> list[Leg]:
    """The ways that are open: a channel where nobody is named, or that is not configured, is stepped over.

    Args:
        names: of channels, from a policy.
        people: targets by channel.
        wait_seconds: before a next rung is used.
    """
    legs: list[Leg] = []
    for leg in names:
        rungs = [
            Rung(channel=name, targets=tuple(people[name]), wait_seconds=wait_seconds)
            for name in leg
            if people.get(name)
        ]
        if rungs and rungs not in legs:
            legs.append(rungs)
    return legs


def called_again(legs: Sequence[Leg]) -> list[Leg]:
    """The ways of a further call for an incident: a ladder that begins where nobody would wake again goes on at once.

    Its first rung keeps hearing of it, beside the others, so that the alarm there knows who was called.
    """
    found: list[Leg] = []
    for leg in legs:
        deaf = len(leg) > 1 and leg[0].channel in ONE_ALARM
        found += [leg[:1], leg[1:]] if deaf else [leg]
    return found
