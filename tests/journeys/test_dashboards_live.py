"""Every line of every panel shows data on a real Prometheus that watched a real run; so does the week before.

SQL panels are asked the ledger of the same run, and say what the overview says.
"""

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from urllib.parse import urlsplit

import pytest

from anclora.storage.embedded import EmbeddedServers, discard_embedded, start_embedded
from tests.boards import FOLDER, expressions, panels, queries
from tests.faults.town import Town, town
from tests.prometheus_server import Prometheus, Series, backfill, exporters, prometheus
from tests.waiting import eventually

WEEK_SECONDS = 7 * 24 * 3600
ROUNDS = 30
COUNT = ROUNDS * 20
HANDOFFS = (15, 18, 21)  # in these rounds; of one moment alone there is no rate
NEVER_OUT = ("#00007", "#00047")  # refused until they are given up
RULES = FOLDER.parent / "prometheus" / "anclora-rules.yml"
SCRIPT: Mapping[str, object] = {
    "seed": 5,
    "latency_ms": [5, 60],
    "not_on_whatsapp": {"share": 0.05},
    "faults": [
        *({"kind": "connection_closed_500", "text": text, "times": 1_000} for text in NEVER_OUT),
        {"kind": "connection_closed_500", "share": 0.02},
        {"kind": "timeout_after_send", "share": 0.04},
    ],
    "receipts": {
        "server_ack_ms": [1, 20],
        "delivery_ms": [5, 100],
        "read_ms": [50, 200],
        "read_share": 0.6,
        "error_share": 0.05,
    },
    "replies": {"share": 0.1},
}
# Panels and lines that are rightly zero after such a run, and why. They return their series all the same.
ZERO = {
    "Sent twice": "nothing goes out twice",
    "waiting": "nobody waits for a connection",
    "rolled back": "no transaction had to be",
    "read": "everything that is read is in memory",
    "Not yet to go": "nothing is scheduled, and no pace is set",
    "Requests answered without a fault of ours: speed of use": "no request failed for our fault",
    "Messages on their way within 30 s of when they might go: speed of use": "no message was late",
}  # fmt: skip
# Panels that rightly return nothing.
EMPTY: dict[str, str] = {}


@pytest.fixture
def own_servers(tmp_path: Path) -> Generator[EmbeddedServers, None, None]:
    """Private servers, since the processes of a whole town use them."""
    running = start_embedded(tmp_path / "data", passing=True)
    try:
        yield running
    finally:
        running.stop()
        discard_embedded(tmp_path / "data")


async def next_scrape(watched: Prometheus) -> None:
    """Wait until the product was asked once more, and answered in time."""

    async def newest() -> float:
        found = await watched.now('up{job="anclora"}[1m]')
        return max((float(at) for each in found for at, value in each["values"] if value == "1"), default=0.0)

    last = await newest()

    async def came() -> bool:
        return await newest() > last

    await eventually(came, timeout_seconds=60)


async def a_busy_half_minute(here: Town, watched: Prometheus) -> None:
    """Messages for long enough that each rate has its samples; conversations are handed to a person."""
    for round_number in range(ROUNDS):
        await here.send_many(round_number * 20, 20)
        await next_scrape(watched)
        if round_number in HANDOFFS:
            talks = (await here.ask("GET", "/api/v1/conversations")).json["conversations"]
            path = f"/api/v1/conversations/{talks[HANDOFFS.index(round_number)]['id']}/handoff"
            assert (await here.ask("POST", path, json={"reason": "complaint"})).status == 200


def is_something(series: Sequence[Series]) -> bool:
    """Whether anything in it is a number other than zero."""
    return any(value not in {"0", "NaN"} for each in series for _, value in each["values"])


async def misses(watched: Prometheus, start: float, end: float, *, week: bool) -> list[str]:
    """The lines that show nothing, or only zeros without a reason; of today or of the week before."""
    found: list[str] = []
    for uid, panel in panels():
        legends = {target["refId"]: target.get("legendFormat", "") for target in panel["targets"]}
        for ref, expr in expressions(panel, step="1s", rate="10s"):
            if ref.endswith("W") is not week or not (RULES.exists() or "slo:" not in expr):
                continue
            series = await watched.between(expr, start, end)
            legend = legends[ref].split(",")[0]
            if not series and panel["title"] not in EMPTY:
                found.append(f"{uid}, {panel['title']}, {legend}: no series for {expr}")
            elif series and not is_something(series) and not {panel["title"], legend} & ZERO.keys():
                found.append(f"{uid}, {panel['title']}, {legend}: all zero for {expr}")
    return found


@pytest.mark.timeout(600)
async def test_every_panel_shows_a_real_run_and_the_week_before(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    began = time()
    rules = [RULES] if RULES.exists() else []
    urls = {"database_url": own_servers.database_url, "redis_url": own_servers.redis_url}
    settings = {"ANCLORA_UNKNOWN_DEADLINE_SECONDS": "10", "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counts")}
    async with town(own_servers, tmp_path, SCRIPT, **settings) as here:
        await here.rest_for(0.5, tries=1)
        await here.start("dispatch", "dispatch")
        jobs = {"anclora": urlsplit(here.url).port or 0}
        async with (
            exporters(tmp_path, **urls) as ports,
            prometheus(tmp_path / "p", {**jobs, **ports}, rules) as watched,
        ):
            await a_busy_half_minute(here, watched)
            ended = time()
            found = await misses(watched, began, ended, week=False)
            assert not found, "\n".join(found)
            seen = await watched.now(f'{{__name__=~".+",job=~".+"}}[{int(ended - began) + 5}s]')
            seen = [*seen, *await watched.now(f'{{__name__=~"slo:.+"}}[{int(ended - began) + 5}s]')]
        await asks_of_the_ledger_agree(here)
    backfill(tmp_path / "p", seen, earlier_seconds=WEEK_SECONDS)
    async with prometheus(tmp_path / "p", {"anclora": 9}) as again:
        found = await misses(again, began, ended, week=True)
        assert not found, "\n".join(found)


async def asks_of_the_ledger_agree(here: Town) -> None:
    """The panels that ask the ledger say what the overview says, once nothing moves between the two questions."""
    now = datetime.now(UTC)
    since, until = now - timedelta(days=1), now + timedelta(hours=1)
    names = ("sent", "delivered", "read")
    [panel] = [each for _, each in panels() if each["title"] == "Messages sent, delivered and read"]
    drawn = dict(queries(panel, since, until))["A"]

    async def agree() -> bool:
        told = (await here.ask("GET", f"/analytics/metrics/overview?from={since.date()}")).json["messages"]
        rows = await db.fetch_all(drawn)
        return told["sent"] > COUNT // 2 and [sum(row[each] for row in rows) for each in names] == [
            told[each] for each in names
        ]

    async with here.ledger() as db:
        await eventually(agree, timeout_seconds=90)
