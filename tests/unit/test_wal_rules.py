"""The log beside base backups: what a recovery takes, what it refuses, when a base is due, what may go."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from anclora.backups.errors import DamagedError, RefusedError
from anclora.backups.model import Kind, Manifest, Origin, Tier
from anclora.backups.proof import parsed, written
from anclora.backups.rules import Good, data_key, name_of, name_of_data, to_remove
from anclora.backups.wal.rules import (
    Segment,
    after,
    chain,
    following,
    is_base_due,
    key_of,
    last_byte,
    parse_key,
    plan,
    prove,
    reach,
    segment_at,
    to_let_go,
)
from anclora.cli.backup_work import instant_of
from anclora.kit.errors import InvalidError, NotFoundError

MB16 = 16 << 20
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def base(made_at: datetime, begins: int, *, timeline: int = 1, system: str = "7") -> Manifest:
    name = name_of(Kind.POSTGRES, Tier.BASE, made_at)
    origin = Origin(
        system=system, timeline=timeline, begins=name_at(begins, timeline), segment_bytes=MB16, database="a"
    )
    return Manifest(
        name=name,
        kind=Kind.POSTGRES,
        tier=Tier.BASE,
        made_at=made_at,
        finished_at=made_at,
        data=data_key(name),
        bytes=1,
        sha256="",
        plain_bytes=1,
        unpacked_bytes=1,
        server="18",
        revision="",
        program="",
        key_id="",
        prints={},
        origin=origin,
    )


def name_at(number: int, timeline: int = 1) -> str:
    return f"{timeline:08X}{number // 256:08X}{number % 256:08X}"


def shipped(*numbers: int, first: datetime = NOON, every: timedelta = MINUTE, timeline: int = 1) -> list[Segment]:
    """Segments closed a minute after one another, by their numbers."""
    return [_segment(number, first + every * (number - numbers[0]), timeline) for number in numbers]


def _segment(number: int, closed_at: datetime | None, timeline: int = 1) -> Segment:
    found = parse_key(key_of("7", name_at(number, timeline), closed_at))
    assert found is not None
    return found


def names(segments: Sequence[Segment]) -> list[int]:
    return [int(each.name[8:16], 16) * 256 + int(each.name[16:], 16) for each in segments]


def test_names_go_on_over_the_end_of_a_log_and_keys_carry_the_moment() -> None:
    assert following(name_at(255), MB16) == name_at(256)
    assert following("00000001000000000000003F", 64 << 20) == "000000010000000100000000"
    segment = _segment(3, NOON + timedelta(microseconds=7))
    assert segment.key == "postgres/wal/7/000000010000000000000003-2026-01-31T120000.000007Z.gz.enc"
    assert (segment.closed_at, segment.timeline) == (NOON + timedelta(microseconds=7), 1)
    assert _segment(3, None).closed_at is None
    assert parse_key("postgres/daily/2026-01-31T120000Z.json") is None
    assert parse_key("postgres/wal/7/00000002.history.gz.enc") is not None
    assert name_of_data(data_key(base(NOON, 2).name)) == base(NOON, 2).name


def test_the_end_of_a_switched_segment_is_found_wherever_the_switch_was() -> None:
    assert last_byte("0/2000158", MB16) == "0/2FFFFFF"
    assert last_byte("0/3000000", MB16) == "0/2FFFFFF"  # nothing was written since the last switch
    assert last_byte("1/1", MB16) == "1/FFFFFF"
    assert last_byte("0/9000158", MB16, at_most_from="0/2000000", segments=3) == "0/4FFFFFF"
    assert (after("0/FFFFFFFF"), segment_at(2, "1/2FFFFFF", MB16)) == ("1/0", "000000020000000100000002")


def test_a_recovery_takes_the_newest_base_before_it_and_the_log_until_just_after_it() -> None:
    bases = [base(NOON - HOUR, 2), base(NOON, 10), base(NOON + HOUR, 70)]
    segments = shipped(*range(2, 80), first=NOON - 8 * MINUTE)
    chosen = plan(bases, segments, NOON + 2.5 * MINUTE, NOON + 2 * HOUR)
    assert (chosen.base, names(chosen.segments)) == (bases[1], [10, 11, 12, 13])
    exact = plan(bases, segments, NOON + 2 * MINUTE, NOON + 2 * HOUR)
    assert names(exact.segments)[-1] == 12  # closed at that very moment, and holds the mark after it
    assert plan(bases[:2], segments, None, NOON + 2 * HOUR).instant == segments[-1].closed_at


def test_a_segment_nobody_dated_says_nothing_of_where_the_log_ends() -> None:
    segments = [_segment(2, NOON), _segment(3, None), _segment(4, NOON + 4 * MINUTE)]
    chosen = plan([base(NOON, 2)], segments, NOON + MINUTE, NOON + HOUR)
    assert names(chosen.segments) == [2, 3, 4]
    assert reach(base(NOON, 2), segments[:2]) == NOON
    twice = [*segments, _segment(4, NOON + 9 * MINUTE), _segment(4, None)]
    assert chain(chosen.origin, twice)[0][-1].closed_at == NOON + 4 * MINUTE


@pytest.mark.parametrize(
    ("instant", "numbers", "kind", "words"),
    [
        (NOON + 3 * HOUR, range(2, 10), InvalidError, "is in the future"),
        (NOON - MINUTE, range(2, 10), NotFoundError, "no base backup of before .* The oldest is of 2026-01-31T12:00"),
        (NOON + HOUR, range(2, 10), RefusedError, "does not reach .* whole until 2026-01-31T12:07"),
        (NOON + 6 * MINUTE, [2, 3, 4, 6, 7, 8, 9], RefusedError, "hole: the segment 0+10+5 .* whole until .*12:02"),
        (NOON + MINUTE, [], RefusedError, "Not even the base can be used"),
    ],
    ids=["future", "no base", "too late", "hole", "no log"],
)
def test_what_cannot_be_recovered_is_refused_and_says_what_can(
    instant: datetime, numbers: Sequence[int], kind: type[Exception], words: str
) -> None:
    segments = shipped(*numbers) if numbers else []
    with pytest.raises(kind, match=words):
        plan([base(NOON, 2)], segments, instant, NOON + 2 * HOUR)


def test_before_a_hole_any_instant_can_still_be_had() -> None:
    chosen = plan([base(NOON, 2)], shipped(2, 3, 4, 6, 7), NOON + 2 * MINUTE, NOON + HOUR)
    assert names(chosen.segments) == [2, 3, 4]


def test_a_base_is_due_once_a_day_after_a_hole_and_for_another_log() -> None:
    segments = shipped(2, 3, 4)
    known = [base(NOON, 2)]
    assert not is_base_due(known, segments, "7", 1, NOON + 23 * HOUR)
    assert is_base_due(known, segments, "7", 1, NOON + 24 * HOUR)
    assert is_base_due(known, shipped(2, 4), "7", 1, NOON + HOUR)
    assert is_base_due(known, segments, "7", 2, NOON + HOUR)  # recovered since
    assert is_base_due(known, segments, "8", 1, NOON + HOUR)  # another server
    assert is_base_due([], segments, "7", 1, NOON)


def test_the_log_goes_with_the_bases_that_need_it() -> None:
    late = NOON + 30 * HOUR
    segments = [_segment(2, None), *shipped(3, 4, 5, 6), _segment(7, late)]
    gone = to_let_go([base(NOON + 2 * MINUTE, 5), base(NOON + HOUR, 6)], segments, late)
    assert gone == [each.key for each in segments[:3]]
    assert to_let_go([base(NOON, 5)], segments, NOON + HOUR) == []  # a day old first: its base may be under way
    assert to_let_go([], segments, late) == [each.key for each in segments[:5]]
    other = shipped(2, 3, timeline=2)
    assert to_let_go([base(NOON, 2)], other, late) == [each.key for each in other]


def test_bases_stay_a_week_and_the_newest_for_ever_beside_the_newest_dump() -> None:
    old = [Good(f"b{n}", Kind.POSTGRES, Tier.BASE, NOON - timedelta(days=n)) for n in (9, 8)]
    dump = Good("d", Kind.POSTGRES, Tier.DAILY, NOON - timedelta(days=30))
    assert to_remove([*old, dump], NOON) == ["b9"]


def test_a_segment_is_proved_by_its_first_page() -> None:
    def head(position: int, system: int = 7, timeline: int = 1) -> bytes:
        return b"".join(
            number.to_bytes(size, "little")
            for number, size in (
                (0xD118, 2),
                (2, 2),
                (timeline, 4),
                (position, 8),
                (0, 4),
                (0, 4),
                (system, 8),
                (MB16, 4),
                (8192, 4),
            )
        )

    segment = _segment(3, NOON)
    prove(head(3 * MB16), MB16, segment, MB16)
    wrong = [(head(4 * MB16), MB16), (head(3 * MB16, system=8), MB16), (head(3 * MB16), 9), (b"", MB16)]
    for data, size in [*wrong, (head(3 * MB16, timeline=2), MB16)]:
        with pytest.raises(DamagedError, match=r"segment 000000010000000000000003 is another"):
            prove(data, size, segment, MB16)


def test_manifests_of_before_keep_their_proof() -> None:
    old = msgspec.structs.replace(base(NOON, 2), origin=msgspec.UNSET)
    assert b"origin" not in written(old)
    assert parsed(written(old), old.name) == old


@pytest.mark.parametrize("words", ["yesterday", "2026-01-31T09:30:00", "", "9:30Z"])
def test_an_instant_says_its_zone(words: str) -> None:
    with pytest.raises(InvalidError, match="Say it in UTC"):
        instant_of(words)
    assert instant_of("2026-01-31T10:30:00+01:00") == datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    assert instant_of("latest") is None
