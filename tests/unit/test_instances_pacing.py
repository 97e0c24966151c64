"""What a row of pacing means on a day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from anclora.instances.limits import lower
from anclora.instances.pacing import PRESETS, Pacing, limits_of, per_day_on, view_of
from anclora.queue import Limits

TODAY = date(2026, 3, 10)
THEIRS = ("quality", "tier", "throughput", "theirs_per_minute", "theirs_new_recipients_per_day", "read_at")
NOTHING: dict[str, Any] = dict.fromkeys(("preset", "first_day", *Pacing.__struct_fields__, *THEIRS)) | {
    "instance": "sales",
    "provider": "evolution",
}


@pytest.mark.parametrize(
    ("day", "allowed"), [(0, 50), (1, 100), (2, 200), (3, 400), (4, 800), (5, 1_000), (400, 1_000), (-1, 1_000)]
)
def test_the_warm_up_ends_at_the_cap(day: int, allowed: int) -> None:
    assert per_day_on(PRESETS["qr"], TODAY - timedelta(days=day), TODAY) == allowed


def test_a_number_nobody_dated_is_an_old_one() -> None:
    assert per_day_on(PRESETS["qr"], None, TODAY) == 1_000


def test_a_low_cap_holds_in_the_warm_up_too() -> None:
    pacing = Pacing(per_day=70, warm_up=[50, 100])
    assert [per_day_on(pacing, TODAY - timedelta(days=day), TODAY) for day in (0, 1, 2)] == [50, 70, 70]


def test_without_a_row_the_default_counts_and_an_override_wins() -> None:
    plain = view_of(NOTHING, default="qr", today=TODAY)
    assert (plain.preset, plain.limits, plain.overrides, plain.today) == ("qr", PRESETS["qr"], {}, 1_000)
    own = view_of(NOTHING | {"preset": "cloud", "gap_seconds": 3.0, "per_day": 0}, default="qr", today=TODAY)
    assert (own.limits.gap_seconds, own.limits.per_minute, own.overrides) == (
        3.0,
        4_800,
        {"gap_seconds": 3.0, "per_day": 0},
    )


def test_the_presets_in_the_words_of_a_lane() -> None:
    qr = limits_of(view_of(NOTHING, default="qr", today=TODAY))
    assert (round(qr.per_second * 60), qr.jitter, qr.per_day, qr.new_keys_per_day) == (20, 0.4, 1_000, 200)
    cloud = limits_of(view_of(NOTHING, default="cloud", today=TODAY))
    assert (cloud.per_second, cloud.gap_seconds) == (80, 6)
    assert limits_of(view_of(NOTHING, default="sandbox", today=TODAY)) == Limits(kept_share=0.2)


@pytest.mark.parametrize(
    ("ours", "theirs", "kept"), [(0, 80, 80), (20, 80, 20), (80, 20, 20), (20, None, 20), (20, 0, 20), (0, 0, 0)]
)
def test_of_two_limits_the_lower_one_counts_and_0_is_none(ours: float, theirs: float | None, kept: float) -> None:
    assert lower(ours, theirs) == kept


def test_what_the_provider_allows_caps_what_we_chose() -> None:
    said = {"read_at": datetime(2026, 3, 10, tzinfo=UTC), "tier": "TIER_250", "theirs_new_recipients_per_day": 250}
    row = NOTHING | said | {"provider": "cloud", "theirs_per_minute": 4_800.0, "per_minute": 60_000.0}
    view = view_of(row, default="qr", today=TODAY)
    assert (view.preset, view.limits.per_minute, view.limits.new_recipients_per_day) == ("cloud", 4_800, 250)
    assert view.overrides == {"per_minute": 60_000.0}
    assert view.provider is not None
    assert view.provider.tier == "TIER_250"
    # A sandbox has no limits, whoever it plays.
    assert view_of(NOTHING | {"provider": "cloud"}, default="sandbox", today=TODAY).preset == "sandbox"
