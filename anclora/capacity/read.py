"""What the ledger knows: hours of messages, what runs, the numbers' limits, incidents, the last bill. Only reads."""

from datetime import UTC, date, datetime, timedelta

from anclora.alerts import CATALOGUE, Links, show_all
from anclora.alerts.model import Alert
from anclora.analytics import Period, latencies
from anclora.capacity.model import Load, Price, Sender
from anclora.capacity.rules import WATCHED, Rule, Seen, judge_latency, judge_watched
from anclora.costs.rules import charges_in, currency_of, money_of, per_thousand
from anclora.instances import status_of
from anclora.instances.book import InstanceBook
from anclora.instances.pacing import read_pacing
from anclora.kit.clock import Clock, business_date
from anclora.kit.ids import first_id_at
from anclora.kit.settings import Settings
from anclora.storage.database import Database
from anclora.storage.queries import load_queries
from anclora.tallies import Counts, Wanted, read, total

QUERIES = load_queries(__package__ or __name__)
HISTORY_DAYS = 120
RULE_DAYS = 30
_LOOKS = timedelta(minutes=5)
_DAY = timedelta(days=1)


async def read_load(db: Database, settings: Settings, clock: Clock, *, workers: int | None = None) -> Load:
    """What runs and sends now; `workers` = as if so many ran."""
    now = clock.now()
    book = InstanceBook(db, clock)
    await book.refresh()
    connected = {each.name for each in book.all if status_of(each, now) == "connected"}
    paces = await read_pacing(db, default=settings.default_pacing, today=business_date(now, settings.timezone))
    quarter = _floor(now, 15)
    day = await read(db, Wanted(since=quarter - _DAY, until=quarter + timedelta(minutes=15)), "instance")
    sent = {sums.key: sums.counts.sent for sums in day}
    running = await db.fetch_one(QUERIES["count_workers"], now=now, lease_seconds=settings.lease_seconds)
    answers = await db.fetch_one(QUERIES["answer_seconds"], since_id=first_id_at(now - _DAY))
    queued = await db.fetch_one(QUERIES["count_waiting"], until=now)
    return Load(
        workers=workers if workers is not None else (running or {"n": 0})["n"],
        connections=settings.connections,
        answer_seconds=answers["seconds"] if answers else None,
        senders=tuple(
            Sender(
                name=name,
                per_second=pace.limits.per_minute / 60,
                at_once=pace.limits.at_once,
                kept_share=pace.limits.kept_share,
                per_day=pace.today,
                sent=sent.get(name, 0),
            )
            for name, pace in paces.items()
            if name in connected
        ),
        away=len(set(paces) - connected),
        waiting=(queued or {"queued": 0})["queued"],
    )


async def read_due(db: Database, until: datetime) -> int:
    """What is queued, and what is scheduled to go until then."""
    row = await db.fetch_one(QUERIES["count_waiting"], until=until) or {"queued": 0, "due": 0}
    return row["queued"] + row["due"]


async def read_history(db: Database, now: datetime) -> tuple[datetime | None, list[int]]:
    """Messages accepted in each whole hour of the last 120 days, from the first one on."""
    end = _floor(now, 60)
    row = await db.fetch_one(QUERIES["first_hour"], since=end - HISTORY_DAYS * _DAY)
    first: datetime | None = row["at"].astimezone(UTC) if row and row["at"] else None
    if first is None or first >= end:
        return None, []
    rows = await read(db, Wanted(since=first, until=end, grain=60), "at")
    by_hour = {sums.at.astimezone(UTC): sums.counts.accepted for sums in rows if sums.at is not None}
    hours = int((end - first) / timedelta(hours=1))
    return first, [by_hour.get(first + number * timedelta(hours=1), 0) for number in range(hours)]


async def busiest_sent(db: Database, now: datetime) -> tuple[datetime, float] | None:
    """The hour of the last 90 days in which most was sent, and its messages a second."""
    end = _floor(now, 60)
    rows = await read(db, Wanted(since=end - 90 * _DAY, until=end, grain=60), "at")
    best = max((sums for sums in rows if sums.at and sums.counts.sent), key=lambda each: each.counts.sent, default=None)
    return None if best is None or best.at is None else (best.at.astimezone(UTC), best.counts.sent / 3600)


async def read_rules(db: Database, settings: Settings, now: datetime) -> list[Rule]:
    """The playbook's rules on the last 30 days."""
    rows = await db.fetch_all(
        QUERIES["incidents_of"], names=[each.alert for each in WATCHED], since=now - RULE_DAYS * _DAY
    )
    seen = {row["name"]: row for row in rows}
    state = await show_all(db, Links())
    built_in = {alert.name for alert in CATALOGUE.alerts if isinstance(alert, Alert) and alert.built_in}
    rules: list[Rule] = []
    for watched in WATCHED:
        by_itself = watched.alert in built_in and watched.alert not in state.unseen and _looks(state.evaluated_at, now)
        row = seen.get(watched.alert, {"times": 0, "last_at": None})
        looks = by_itself or _looks(state.prometheus_at, now)
        needs = "it needs a process with the role work" if watched.alert in built_in else "it needs Prometheus"
        seen_of = Seen(looks=looks, times=row["times"], last_at=row["last_at"], needs=needs)
        rules.append(judge_watched(watched, seen_of, RULE_DAYS))
    rules.insert(2, await _latency(db, settings, now))
    return rules


async def _latency(db: Database, settings: Settings, now: datetime) -> Rule:
    until = _floor(now, 15)
    found = await latencies(db, Period(since=until - RULE_DAYS * _DAY, until=until, timezone=settings.timezone))
    spread = found.lines[0].to_sent if found.lines else None
    return judge_latency(spread.p95 if spread else None, spread.count if spread else 0, RULE_DAYS)


async def read_price(db: Database, tag: str) -> tuple[Price, int, int] | None:
    """The price of 1,000 delivered messages in the last reviewed month, what it cost (micros), what it accepted."""
    row = await db.fetch_one(QUERIES["last_answer"], tag=tag)
    if row is None:
        return None
    month: date = row["month"]
    charges = [charge for charge in charges_in(row["answer"]) if charge.month == month]
    micros = sum(money_of(charge, month).amortized_micros for charge in charges)
    counts = await counts_of(db, month, next_month(month))
    price = Price(
        month=month,
        currency=currency_of(charges),
        per_thousand_micros=per_thousand(micros, counts.delivered),
        delivered=counts.delivered,
        asked_at=row["asked_at"],
    )
    return price, micros, counts.accepted


async def counts_of(db: Database, first: date, end: date) -> Counts:
    """What happened between two days of UTC, as Amazon's months are."""
    return await total(db, Wanted(since=midnight(first), until=midnight(end), grain=60))


def next_month(first: date) -> date:
    """The first day of the month after."""
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def midnight(day: date) -> datetime:
    """Its beginning in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _looks(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - at < _LOOKS


def _floor(moment: datetime, minutes: int) -> datetime:
    whole = moment.astimezone(UTC).replace(second=0, microsecond=0)
    return whole - timedelta(minutes=whole.minute % minutes)
