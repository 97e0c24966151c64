"""What may go: only what is past its time, and never the newest good one of a kind, whatever the past was like."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from anclora.backups import Kind, Tier
from anclora.backups.rules import (
    KEPT,
    SCHEDULED,
    Good,
    data_key,
    is_due,
    left_behind,
    manifest_key,
    moment_of,
    name_of,
    name_of_data,
    name_of_manifest,
    slot_of,
    to_remove,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DAY = timedelta(days=1)
ages = st.timedeltas(min_value=-DAY, max_value=90 * DAY)
goods = st.lists(
    st.builds(
        lambda kind, tier, age: (kind, tier, NOW - age), st.sampled_from(list(Kind)), st.sampled_from(list(Tier)), ages
    ),
    max_size=60,
).map(lambda rows: [Good(f"{kind}/{tier}/{place}", kind, tier, at) for place, (kind, tier, at) in enumerate(rows)])


def _what(backup: Good) -> tuple[Kind, bool]:
    """A base stands beside the dumps of its kind."""
    return backup.kind, backup.tier is Tier.BASE


@given(goods)
def test_the_newest_of_each_kind_stays_and_what_goes_is_past_its_time(backups: list[Good]) -> None:
    gone = set(to_remove(backups, NOW))
    for what in {_what(each) for each in backups}:
        own = [each for each in backups if _what(each) == what]
        newest = max(own, key=lambda each: (each.made_at, each.name))
        assert newest.name not in gone
    for each in backups:
        kept = KEPT[each.tier]
        over = kept is not None and NOW - each.made_at > kept
        assert each.name not in gone or over
        assert (
            not over or each.name in gone or each.made_at == max(b.made_at for b in backups if _what(b) == _what(each))
        )


@given(goods)
def test_to_prune_twice_is_to_prune_once(backups: list[Good]) -> None:
    gone = set(to_remove(backups, NOW))
    assert to_remove([each for each in backups if each.name not in gone], NOW) == []


def test_a_day_of_hours_a_week_of_days_four_weeks_of_weeks() -> None:
    every = {Tier.HOURLY: timedelta(hours=1), Tier.DAILY: DAY, Tier.WEEKLY: 7 * DAY, Tier.MANUAL: 30 * DAY}
    backups = [
        Good(f"{tier}-{place:03}", Kind.REDIS, tier, NOW - place * step)
        for tier, step in every.items()
        for place in range(40)
    ]
    kept = {each.name for each in backups} - set(to_remove(backups, NOW))
    counts = {tier: sum(name.startswith(f"{tier}-") for name in kept) for tier in Tier}
    assert counts == {Tier.BASE: 0, Tier.HOURLY: 25, Tier.DAILY: 8, Tier.WEEKLY: 5, Tier.MANUAL: 40}


@given(st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)), st.sampled_from(SCHEDULED))  # noqa: DTZ001
def test_one_is_due_once_a_slot(now: datetime, tier: Tier) -> None:
    assert is_due(tier, {}, None, now)
    assert not is_due(tier, {tier: now}, None, now)
    slot = slot_of(tier, now)
    assert slot <= now < slot + {Tier.HOURLY: timedelta(hours=1), Tier.DAILY: DAY, Tier.WEEKLY: 7 * DAY}[tier]
    assert is_due(tier, {tier: slot - timedelta(seconds=1)}, None, now)
    assert not is_due(tier, {}, now - timedelta(minutes=9), now)
    assert is_due(tier, {}, now - timedelta(minutes=10), now)
    assert not is_due(Tier.MANUAL, {}, None, now)


def test_a_days_backup_is_an_hours_too_and_not_the_other_way_round() -> None:
    assert not is_due(Tier.HOURLY, {Tier.DAILY: NOW}, None, NOW)
    assert is_due(Tier.DAILY, {Tier.HOURLY: NOW, Tier.WEEKLY: NOW}, None, NOW)


@given(
    st.sampled_from(list(Kind)),
    st.sampled_from(list(Tier)),
    st.lists(st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)), max_size=20),  # noqa: DTZ001
)
def test_names_are_never_given_twice_and_sort_by_time(kind: Kind, tier: Tier, moments: list[datetime]) -> None:
    names: list[str] = []
    for moment in sorted(moments):
        names.append(name_of(kind, tier, moment, names))
    assert len(set(names)) == len(names)
    assert [manifest_key(name) for name in names] == sorted(manifest_key(name) for name in names)
    for name in names:
        assert (name_of_manifest(manifest_key(name)), name_of_data(data_key(name))) == (name, name)
        assert name_of_manifest(data_key(name)) is None
        assert name_of_data(manifest_key(name)) is None
    # In a folder of its own, which listings show before every file: the last line is the newest whole backup.
    assert all(data_key(name).startswith(f"{kind}/{tier}/data/") for name in names)


def test_bytes_that_never_became_a_backup_go_a_day_later() -> None:
    young, old = name_of(Kind.REDIS, Tier.DAILY, NOW), name_of(Kind.REDIS, Tier.DAILY, NOW - 2 * DAY)
    keys = [data_key(young), data_key(old), "notes.txt", manifest_key(old)]
    assert left_behind(keys, [], NOW) == [data_key(old)]
    assert left_behind(keys, [old], NOW) == []
    assert moment_of(old) == NOW - 2 * DAY
