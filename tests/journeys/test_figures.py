"""After a run with everything that goes wrong, overview, figures, report, recount and the sandbox's witness agree.

`LONG=1` does it with 20,000 messages.
"""

import os
from collections import Counter
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from anclora.kit.ids import new_id
from anclora.providers.sandbox import read_witness
from anclora.reports import gather, spans_of
from anclora.reports.model import Counts
from anclora.storage.database import Database
from anclora.storage.embedded import EmbeddedServers, discard_embedded, start_embedded
from anclora.tallies import Wanted, total
from tests.faults.town import Town, town
from tests.waiting import eventually

COUNT = 20_000 if os.environ.get("LONG") else 3_000
PEOPLE, CANCELED = COUNT // 4, 7
ZONE = "Europe/Madrid"
QUIET_LOOKS = 250  # of a fiftieth of a second: no receipt came for five
SCRIPT: dict[str, object] = {
    "seed": 11,
    "latency_ms": [1, 5],
    "not_on_whatsapp": {"share": 0.03},
    "faults": [
        {"kind": "connection_closed_500", "share": 0.01},
        {"kind": "timeout_after_send", "share": 0.004, "hold_seconds": 4},
        {"kind": "connection_closed_400_sent", "share": 0.01},
    ],
    "receipts": {
        "server_ack_ms": [1, 20],
        "delivery_ms": [5, 200],
        "read_ms": [100, 600],
        "read_share": 0.6,
        "error_share": 0.02,
        "never_share": 0.02,
        "duplicate_share": 0.1,
        "disorder_share": 0.1,
        "early_share": 0.1,
    },
    "replies": {"share": 0.1},
}
# What happened, by the rows and the plain way.
PLAIN = """
select count(*) as accepted, count(sent_at) as sent, count(delivered_at) as delivered, count(read_at) as read,
    count(played_at) as played, count(*) filter (where state = 'failed') as failed,
    count(*) filter (where state = 'dead') as dead, count(*) filter (where state = 'canceled') as canceled,
    count(*) filter (where state = 'blocked') as blocked, count(*) filter (where open) as open,
    (select count(*) from heard where direction = 'in') as received, (select count(*) from tally_deltas) as unfolded
from messages
"""


@pytest.fixture
def own_servers(tmp_path: Path) -> Generator[EmbeddedServers, None, None]:
    """Private servers, since the processes of a whole town use them."""
    running = start_embedded(tmp_path / "data", passing=True)
    try:
        yield running
    finally:
        running.stop()
        discard_embedded(tmp_path / "data")


async def send(here: Town, campaign: str) -> None:
    """Bulks of three classes, half of them of a campaign; a few people want nothing, a few messages are taken back."""
    for person in range(5):
        await here.ask("PUT", f"/api/v1/contacts/+346{person:08d}/opt-out")
    for first in range(0, COUNT, 500):
        drafts: list[dict[str, object]] = [
            {
                "to": f"+346{serial % PEOPLE:08d}",
                "text": f"#{serial:05d}",
                "class": ("reply", "utility", "marketing")[serial % 3],
                **({"campaign_id": campaign} if serial % 2 else {}),
            }
            for serial in range(first, min(first + 500, COUNT))
        ]
        answer = await here.ask("POST", "/api/v1/messages/bulk", json={"messages": drafts})
        assert answer.status == 202, answer
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for _ in range(CANCELED):
        made = await here.ask("POST", "/api/v1/messages", json={"to": "+34600000042", "text": "no", "send_at": later})
        assert (await here.ask("DELETE", f"/api/v1/messages/{made.json['id']}")).status == 200


async def at_rest(db: Database) -> dict[str, Any]:
    """The plain figures once nothing is under way and no receipt comes any more."""
    last: dict[str, Any] = {}
    same = 0

    async def quiet() -> bool:
        nonlocal last, same
        [row] = await db.fetch_all(PLAIN)
        facts = {name: n for name, n in row.items() if name != "unfolded"}
        same = same + 1 if facts == last else 0
        last = facts
        return same >= QUIET_LOOKS and not row["open"] and not row["unfolded"]

    try:
        await eventually(quiet, timeout_seconds=COUNT / 30 + 200)
    except TimeoutError:
        pytest.fail(f"never at rest: {last}")
    return last


async def reported(db: Database) -> Counts:
    """What the report of today will say when it is over; with that of yesterday, should midnight have come between."""
    today = datetime.now(ZoneInfo(ZONE)).date()
    spans = spans_of(today, zone=ZONE, now=datetime.now(UTC) + timedelta(days=1))
    day = await gather(db, spans, zone=ZONE)
    return day.today.messages + day.yesterday.messages


@pytest.mark.timeout(900 if os.environ.get("LONG") else 240)
async def test_figures_rows_and_witness_agree_to_the_unit(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    campaign = str(new_id())
    async with town(own_servers, tmp_path, SCRIPT, ANCLORA_UNKNOWN_DEADLINE_SECONDS="10") as here:
        await here.rest_for(0.5)
        for name in ("one", "two"):
            await here.start(f"dispatch-{name}", "dispatch")
        await send(here, campaign)
        async with here.ledger() as db:
            rows = await at_rest(db)
            rows.pop("open")
            ever = Wanted(since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC))
            counts = await total(db, ever)
            told = await reported(db)
            out = await db.fetch_one("select count(*) as n from messages where sent_at is not null and state <> 'dead'")
        assert {name: getattr(counts, name) for name in rows} == rows
        assert (rows["accepted"], rows["canceled"]) == (COUNT + CANCELED, CANCELED)
        assert min(rows[name] for name in ("delivered", "read", "failed", "canceled", "blocked", "received")) > 0

        # Each message that the witness saw is one the ledger calls sent, once, and the other way round.
        seen = Counter(sighting.text for sighting in read_witness(here.witness))
        assert set(seen.values()) == {1}
        assert len(seen) == rows["sent"] + rows["dead"]  # a dead one went out and nobody could tell
        assert out is not None
        assert out["n"] == rows["sent"]

        yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
        overview = (await here.ask("GET", f"/analytics/metrics/overview?from={yesterday}")).json["messages"]
        assert [overview[name] for name in ("sent", "delivered", "read")] == [
            rows[name] for name in ("sent", "delivered", "read")
        ]
        assert overview["failed"] == rows["failed"] + rows["dead"]
        assert (told.sent, told.delivered, told.read) == (rows["sent"], rows["delivered"], rows["read"])
        assert (told.failed, told.received) == (overview["failed"], rows["received"])
        found = (await here.ask("GET", "/analytics/verify")).json
        assert (found["differences"], found["shown"]) == (0, [])
        assert found["facts"] == sum(rows.values()) + counts.opt_outs

        lines = (await here.ask("GET", f"/analytics/campaigns?from={yesterday}")).json["lines"]
        assert {line["key"] for line in lines} >= {campaign, ""}
        assert sum(line["figures"]["sent"] for line in lines) == rows["sent"]
        queue = (await here.ask("GET", "/queue/metrics")).json
        assert (queue["completed"], queue["failed"]) == (rows["sent"], rows["failed"])
