"""Whether a release is as good as what ran before. Pure.

A share (of requests, of sends, of messages given up) is bad when it is above 1 % and above twice the old one, and so
clearly that chance is no excuse: the lower end of its 99 % Wilson interval is. Looking often is therefore allowed.
Latency and drain time are only compared, since nobody can say what they should be: without an old figure they are not
judged. Too little to judge is `unknown`, which is never good.
"""

from math import sqrt
from typing import Literal

import msgspec

from anclora.deploy.figures import Figures, counted, p95_of

Verdict = Literal["good", "bad", "unknown"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What is still good.

    Attributes:
        share: of failures, always allowed; `times` the old share too.
        least: of requests and sends together, or there is nothing to judge; of a histogram too.
        p95_seconds: never too slow below it (the playbook's 200 ms); `p95_times` the old one is too slow above it.
        drain_seconds: never too long below it; `times` the old one is too long above it.
    """

    share: float = 0.01
    times: float = 2.0
    least: int = 50
    p95_seconds: float = 0.2
    p95_times: float = 1.5
    drain_seconds: float = 900.0


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict and its reasons; `compared` says what was looked at, figure by figure."""

    verdict: Verdict
    reasons: tuple[str, ...]
    compared: tuple[str, ...]


def judge(new: Figures | None, old: Figures | None, *, wanted: int, limits: Limits | None = None) -> Judged:
    """New against old.

    Args:
        new: what the tasks of the release did; None = none of them answers.
        old: what those before did; None = nobody knows.
        wanted: how many tasks the release should have.
        limits: what is still good.
    """
    within = limits or Limits()
    if new is None:
        return Judged(verdict="unknown", reasons=("no task of the release answers at /metrics",), compared=())
    shares = [
        ("requests that failed", new.requests_failed, new.requests, *_old(old, "requests_failed", "requests")),
        ("sends that failed", new.sends_failed, new.sends, *_old(old, "sends_failed", "sends")),
        ("messages given up", new.dead, new.sends + new.dead, *_old_dead(old)),
    ]
    said = [_share(name, bad, all_, was_bad, was_all, within) for name, bad, all_, was_bad, was_all in shares]
    said += [
        _latency("dispatch p95", new.dispatch, old.dispatch if old else {}, within),
        _latency("answer p95", new.answers, old.answers if old else {}, within),
        _drain(new.drain_seconds, old.drain_seconds if old else None, within),
    ]
    compared = tuple(words for words, _ in said if words)
    reasons = tuple(words for words, is_bad in said if is_bad)
    if reasons:
        return Judged(verdict="bad", reasons=reasons, compared=compared)
    lacks: list[str] = []
    if new.tasks < wanted:
        lacks.append(f"{wanted - new.tasks} of {wanted} tasks do not answer at /metrics")
    if new.requests + new.sends < within.least:
        lacks.append(
            f"{new.requests + new.sends:.0f} requests and sends are too few to judge by, {within.least} needed"
        )
    return Judged(verdict="unknown" if lacks else "good", reasons=tuple(lacks), compared=compared)


def lower_end(bad: float, all_: float, z: float = 2.326) -> float:
    """The lower end of the Wilson score interval of a share; one-sided, 99 % by default."""
    if not all_:
        return 0.0
    share = bad / all_
    middle = share + z * z / (2 * all_)
    spread = z * sqrt(share * (1 - share) / all_ + z * z / (4 * all_ * all_))
    return max(0.0, (middle - spread) / (1 + z * z / all_))


def _old(old: Figures | None, bad: str, all_: str) -> tuple[float, float]:
    return (getattr(old, bad), getattr(old, all_)) if old else (0.0, 0.0)


def _old_dead(old: Figures | None) -> tuple[float, float]:
    return (old.dead, old.sends + old.dead) if old else (0.0, 0.0)


def _share(name: str, bad: float, all_: float, was_bad: float, was_all: float, within: Limits) -> tuple[str, bool]:
    if not all_:
        return "", False
    was = was_bad / was_all if was_all else None
    allowed = max(within.share, within.times * (was or 0.0))
    before = "nobody knows" if was is None else f"{was:.1%}"
    words = f"{name}: {bad / all_:.1%} ({bad:.0f} of {all_:.0f}), before {before}, allowed {allowed:.1%}"
    return words, lower_end(bad, all_) > allowed


def _latency(name: str, new: dict[str, float], old: dict[str, float], within: Limits) -> tuple[str, bool]:
    now, was = p95_of(new), p95_of(old)
    if now is None:
        return "", False
    if was is None or min(counted(new), counted(old)) < within.least:
        return f"{name}: {_seconds(now)}, not compared: too little, or nobody knows what was before", False
    allowed = max(within.p95_seconds, within.p95_times * was)
    return f"{name}: {_seconds(now)}, before {_seconds(was)}, allowed {_seconds(allowed)}", now > allowed


def _drain(now: float | None, was: float | None, within: Limits) -> tuple[str, bool]:
    if now is None:
        return "", False
    if was is None:
        return f"drain time: {now:.0f} s, not compared: nobody knows what was before", False
    allowed = max(within.drain_seconds, within.times * was)
    return f"drain time: {now:.0f} s, before {was:.0f} s, allowed {allowed:.0f} s", now > allowed


def _seconds(value: float) -> str:
    return "more than is measured" if value == float("inf") else f"{value * 1000:,.0f} ms"
