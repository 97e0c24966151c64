"""Fixed days, a week and months in figures, for every test of the report's drawing."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from anclora.reports.model import (
    Answers,
    Conversions,
    Counts,
    Day,
    DayCounts,
    DayLine,
    Failure,
    Hour,
    Money,
    Number,
    Overdue,
    Period,
    Talks,
    Tries,
)

ZONE = ZoneInfo("Europe/Madrid")
_SENT = (0, 0, 0, 0, 0, 0, 0, 12, 96, 410, 612, 540, 388, 170, 96, 148, 402, 511, 466, 240, 88, 12, 0, 0)
_RECEIVED = (2, 0, 0, 0, 1, 0, 3, 11, 38, 74, 96, 88, 61, 40, 52, 47, 63, 82, 91, 70, 44, 31, 12, 5)


def hours_of(day: date, sent: tuple[int, ...] = (), received: tuple[int, ...] = ()) -> list[Hour]:
    """The hours of a day with these counts, and 0 for the rest."""
    since = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
    tomorrow = day + timedelta(days=1)
    until = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=ZONE).astimezone(UTC)
    count = (until - since) // timedelta(hours=1)
    sent, received = sent + (0,) * (count - len(sent)), received + (0,) * (count - len(received))
    return [
        Hour(starts_at=(since + timedelta(hours=place)).astimezone(ZONE), sent=sent[place], received=received[place])
        for place in range(count)
    ]


FULL = Day(
    date=date(2026, 11, 26),
    timezone="Europe/Madrid",
    today=DayCounts(
        messages=Counts(sent=4191, delivered=3984, read=2706, failed=143, received=911),
        conversations=Talks(
            opened=212,
            active=264,
            first_response_seconds=1_260,
            handoffs={"user_request": 21, "bot_confusion": 14, "high_value": 6, "complaint": 2},
        ),
        conversions=Conversions(
            counts={"lead": 58, "qualified_lead": 23, "appointment": 11, "sale": 2, "visita_virtual": 7},
            revenue=[
                Money(currency="EUR", minor=1_245_050),
                Money(currency="JPY", minor=180_000, digits=0),
                Money(currency="USD", minor=20_000),
            ],
            total=Money(currency="EUR", minor=1_355_230),
            unconverted=[Money(currency="USD", minor=20_000)],
        ),
    ),
    yesterday=DayCounts(
        messages=Counts(sent=3870, delivered=3731, read=2610, failed=61, received=874),
        conversations=Talks(opened=198, active=251, first_response_seconds=840, handoffs={"user_request": 25}),
        conversions=Conversions(
            counts={"lead": 51, "qualified_lead": 25, "appointment": 9},
            revenue=[Money(currency="EUR", minor=0)],
            total=Money(currency="EUR", minor=0),
        ),
    ),
    week_before=DayCounts(
        messages=Counts(sent=4022, delivered=3899, read=2801, failed=58, received=846),
        conversations=Talks(opened=205, active=249, first_response_seconds=900, handoffs={"bot_confusion": 15}),
        conversions=Conversions(
            counts={"lead": 60, "sale": 1},
            revenue=[Money(currency="EUR", minor=-50_000)],
            total=Money(currency="EUR", minor=-50_000),
        ),
    ),
    hours=hours_of(date(2026, 11, 26), _SENT, _RECEIVED),
    numbers=[
        Number(name="ventas-madrid", messages=Counts(sent=2610, delivered=2544, read=1802, failed=31, received=590)),
        Number(name="visitas_costa", messages=Counts(sent=1581, delivered=1270, read=904, failed=112, received=321)),
    ],
    failures=[
        Failure(code="not_on_whatsapp", count=88, numbers=["ventas-madrid", "visitas_costa"]),
        Failure(code="unknown_outcome", count=31, numbers=["visitas_costa"]),
        Failure(code="window_closed", count=16, numbers=["visitas_costa"]),
        Failure(code="a_new_one", count=8, numbers=["visitas_costa"]),
    ],
    tries=Tries(count=4455, refused=210, unknown=39),
    dead=31,
)
_NOTHING = DayCounts(
    messages=Counts(),
    conversations=Talks(opened=0, active=0),
    conversions=Conversions(counts={}, total=Money(currency="EUR", minor=0)),
)
EMPTY = Day(
    date=date(2026, 3, 29),
    timezone="Europe/Madrid",
    today=_NOTHING,
    yesterday=_NOTHING,
    week_before=_NOTHING,
    hours=hours_of(date(2026, 3, 29)),
)

INCIDENTS = (
    Answers(
        severity="critical",
        target_seconds=300,
        opened=7,
        acknowledged=5,
        within_target=4,
        ended_alone=2,
        p50_seconds=96,
        p95_seconds=431,
    ),
    Answers(
        severity="warning",
        target_seconds=1_800,
        opened=11,
        acknowledged=8,
        within_target=8,
        ended_alone=1,
        waiting=2,
        p50_seconds=611,
        p95_seconds=1_702,
    ),
)
OVERDUE = (
    Overdue(
        incident="AncloraDispatchStalled",
        text="Page when the dispatcher has not beaten for 30 s.",
        owner="ben",
        due_on=date(2026, 7, 17),
    ),
    Overdue(
        incident="AncloraCertificateExpires",
        text="Renew certificates by themselves, two weeks ahead.",
        owner="cleo",
        due_on=date(2026, 7, 24),
    ),
)
NO_INCIDENTS = tuple(Answers(severity=each.severity, target_seconds=each.target_seconds) for each in INCIDENTS)
_WEEK = ((4010, 812), (3720, 790), (4388, 903), (4191, 911), (3905, 1204), (1210, 402), (0, 188))
_BEFORE = ((3890, 801), (3810, 822), (4022, 846), (4022, 846), (3611, 799), (980, 377), (12, 154))


def _counts(sent: int, received: int) -> Counts:
    return Counts(sent=sent, delivered=sent * 95 // 100, read=sent * 64 // 100, failed=sent // 80, received=received)


def _days(first: date, count: int) -> list[DayLine]:
    return [
        DayLine(
            date=first + timedelta(days=number),
            messages=_counts(*_WEEK[(first.weekday() + number) % 7]),
            week_before=_counts(*_BEFORE[(first.weekday() + number) % 7]),
        )
        for number in range(count)
    ]


def _period(every: Literal["weekly", "monthly"], first: date, count: int) -> Period:
    days = _days(first, count)
    now, before = [sum(each, Counts()) for each in zip(*[(day.messages, day.week_before) for day in days], strict=True)]
    return Period(
        every=every,
        first=first,
        last=days[-1].date,
        timezone="Europe/Madrid",
        now=replace(FULL.today, messages=now),
        before=replace(FULL.week_before, messages=before),
        days=days,
        numbers=FULL.numbers,
        failures=FULL.failures,
        tries=FULL.tries,
        dead=FULL.dead,
        incidents=INCIDENTS,
        overdue=OVERDUE,
    )


WEEK = _period("weekly", date(2026, 12, 28), 7)  # of two years
MONTH = _period("monthly", date(2026, 8, 1), 31)
EMPTY_MONTH = Period(
    every="monthly",
    first=date(2026, 2, 1),
    last=date(2026, 2, 28),
    timezone="Europe/Madrid",
    now=_NOTHING,
    before=_NOTHING,
    days=[DayLine(date=date(2026, 2, number), messages=Counts(), week_before=Counts()) for number in range(1, 29)],
    incidents=NO_INCIDENTS,
)
