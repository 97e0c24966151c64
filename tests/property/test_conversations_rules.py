"""In whatever order and portions facts become known, they end in the same conversations."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from anclora.conversations.rules import GRACE, Stretch, answered, begun, idle_ends, joined, next_look
from tests.property.conversations_on_paper import IDLE, START, Plain, on_paper, portions

hours = st.integers(0, 300).map(lambda n: START + timedelta(hours=n))
moments = st.lists(hours, max_size=14)


def settled(stored: Sequence[Stretch], ins: Sequence[datetime], outs: Sequence[datetime]) -> list[Stretch]:
    """What the ledger does with some new facts: `outs` = what it can look up at that moment."""
    closed = [each.ended_at for each in stored if each.ended_at]
    found = joined([*stored, *(begun(at, closed) for at in set(ins))], IDLE)
    while True:
        longer: list[Stretch] = []
        for each in found:
            said = [at for at in outs if (each.last_out_at or each.opened_at) <= at <= each.until(IDLE)]
            longer.append(answered(each, max(said, default=None)))
        if longer == found:
            return found
        found = joined(longer, IDLE)


def plain(stretches: Sequence[Stretch], outs: Sequence[datetime]) -> list[Plain]:
    return [
        Plain(
            each.opened_at,
            each.last_in_at,
            each.last_out_at,
            min((at for at in outs if each.opened_at <= at <= each.last_at), default=None),
        )
        for each in stretches
    ]


@settings(deadline=None, max_examples=300)
@given(moments, moments, st.randoms(use_true_random=False), st.lists(st.integers(1, 5), max_size=6))
def test_any_order_ends_in_the_same_conversations(
    ins: list[datetime], outs: list[datetime], dice: object, sizes: list[int]
) -> None:
    facts = [*((at, 0) for at in ins), *((at, 1) for at in outs)]
    dice.shuffle(facts)  # pyright: ignore[reportAttributeAccessIssue]
    stored: list[Stretch] = []
    known: list[datetime] = []
    for some in portions(facts, sizes):
        known += [at for at, side in some if side == 1]
        stored = settled(stored, [at for at, side in some if side == 0], known)
    assert plain(stored, outs) == on_paper(ins, outs)


@settings(deadline=None, max_examples=200)
@given(moments, moments, moments, st.integers(0, 300), st.randoms(use_true_random=False))
def test_what_a_call_closed_stays_closed_and_what_is_heard_later_is_not_swallowed_by_it(
    before: list[datetime], outs: list[datetime], after: list[datetime], hour: int, dice: object
) -> None:
    closed_at = START + timedelta(hours=hour)
    stored = settled([], [at for at in before if at <= closed_at], [at for at in outs if at <= closed_at])
    live = [each for each in stored if each.until(IDLE) >= closed_at]
    stored = [each for each in stored if each not in live]
    stored += [replace(one, ended_at=closed_at) for one in live]
    once = settled(stored, after, outs)
    ends: list[list[Stretch]] = []
    for _ in range(2):
        dice.shuffle(after)  # pyright: ignore[reportAttributeAccessIssue]
        step = stored
        for at in after:
            step = settled(step, [at], outs)
        ends.append(step)
    assert ends == [once, once]
    assert [one.ended_at for one in once if one.ended_at] == [closed_at for _ in live]
    if live:
        [shut] = [one for one in once if one.ended_at]
        assert (shut.opened_at, shut.last_in_at) == (live[0].opened_at, live[0].last_in_at)
        assert shut.last_at <= closed_at
        fresh = [at for at in after if at <= closed_at]
        opened = [one.opened_at for one in once if one.ended_at is None and one.opened_at >= closed_at]
        assert not fresh or opened[0] == closed_at


@given(moments, moments, st.integers(0, 400))
def test_at_any_moment_at_most_the_last_one_is_open(ins: list[datetime], outs: list[datetime], hour: int) -> None:
    now = START + timedelta(hours=hour)
    stretches = settled([], ins, outs)
    ends = idle_ends(stretches, IDLE, now)
    assert all(end is not None for end in ends[:-1])
    for each, end in zip(stretches, ends, strict=True):
        assert end in (None, each.last_at + IDLE)
    if stretches:
        assert (ends[-1] is None) == (now <= stretches[-1].until(IDLE) + GRACE)


@given(hours, hours, st.none() | st.just(timedelta(hours=1)))
def test_the_next_look_is_soon_and_never_past_the_end_for_long(
    at: datetime, now: datetime, wait: timedelta | None
) -> None:
    one = replace(begun(at, []), last_out_at=at + wait if wait else None)
    look = next_look(one, IDLE, now)
    assert now < look <= now + (timedelta(minutes=10) if wait else timedelta(seconds=60))
    assert look <= max(one.until(IDLE) + GRACE, now) + timedelta(seconds=2)
