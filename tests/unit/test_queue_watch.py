"""Which shards a consumer asks: what it heard of, what is due, and everything once a second."""

from anclora.queue import Claim, Watch

ALL = {0, 1, 2, 3}
NOW_MS = 1_000_000


def claim(timers: dict[int, int | None], more: set[int] | None = None) -> Claim:
    return Claim(items=[], now_ms=NOW_MS, timers=timers, more=more or set(), closed=set())


def after_all(timers: dict[int, int | None] | None = None, more: set[int] | None = None) -> Watch:
    watch = Watch(4)
    assert set(watch.shards(0.0)) == ALL
    watch.note(claim(dict.fromkeys(ALL) | (timers or {}), more), 0.0)
    return watch


def test_after_a_look_everywhere_nothing_is_asked_for_a_second() -> None:
    watch = after_all()
    assert watch.shards(0.99) == []
    assert watch.rest_seconds(0.25) == 0.75
    assert set(watch.shards(1.0)) == ALL


def test_until_everything_was_asked_everything_is() -> None:
    watch = Watch(4)
    watch.note(claim({0: None}), 0.0)
    assert (set(watch.shards(0.0)), watch.rest_seconds(5.0)) == (ALL, 0.0)


def test_what_was_heard_of_is_asked_until_it_has_no_more() -> None:
    watch = after_all()
    watch.heard([2, 1])
    assert set(watch.shards(0.1)) == {1, 2}
    watch.note(claim({1: None, 2: None}, more={2}), 0.1)
    assert watch.shards(0.2) == [2]
    watch.note(claim({2: None}), 0.2)
    assert watch.shards(0.3) == []


def test_what_is_heard_and_not_asked_stays() -> None:
    watch = after_all()
    watch.heard([1, 2])
    watch.note(claim({1: None}), 0.1)
    assert watch.shards(0.2) == [2]


def test_a_timer_makes_its_shard_due() -> None:
    watch = after_all({3: NOW_MS + 400})
    assert watch.rest_seconds(0.0) == 0.4
    assert watch.shards(0.39) == []
    assert watch.shards(0.4) == [3]
    watch.note(claim({3: None}), 0.4)
    assert watch.shards(0.5) == []


def test_a_timer_in_the_past_is_due_now() -> None:
    watch = after_all({0: NOW_MS - 50})
    assert (watch.shards(0.0), watch.rest_seconds(0.0)) == ([0], 0.0)


def test_hints_do_not_put_off_the_look_everywhere() -> None:
    watch = after_all()
    for tenth in range(1, 10):
        watch.heard([1])
        assert watch.shards(tenth / 10) == [1]
        watch.note(claim({1: None}), tenth / 10)
    assert set(watch.shards(1.0)) == ALL


def test_everybody_comes_first_in_turn() -> None:
    watch = Watch(4)
    assert {watch.shards(0.0)[0] for _ in range(4)} == ALL
