"""What goes without being judged is exactly what the judge would let go; nothing else ever goes by the shorter way."""

from datetime import timedelta
from itertools import product
from random import Random
from uuid import UUID

import pytest
from messages_harness import Stage, claimed

from anclora.contacts import opt_out
from anclora.kit.ids import first_id_at
from anclora.messages.intent import intend_clear
from anclora.messages.worker import QUERIES
from anclora.storage.database import id_span

PEOPLE = [f"+3460011{n:04d}" for n in range(40)]
STATES = ["queued", "queued", "queued", "sending", "unknown", "sent", "failed", "canceled"]
MOMENTS = ["next_attempt_at", "expires_at", "hold_until", "blocks_until"]


async def judged(here: Stage, ids: list[UUID]) -> dict[UUID, str]:
    """The verdict `intend` would give on each, all of them asked at once; nothing is changed."""
    params = {
        **id_span(ids),
        "worker_id": here.worker_id,
        "max_age_seconds": here.settings.max_age_seconds,
        "horizon": first_id_at(here.clock.now() + timedelta(hours=1)),
        "quiet": None,
    }
    async with here.db.connection() as connection, connection.transaction(force_rollback=True):
        cursor = await connection.execute(QUERIES["intend"], params)
        return {row[0]: row[2] for row in await cursor.fetchall()}


async def scattered(here: Stage, dice: Random) -> list[UUID]:
    """Three messages for each of forty people, in all the conditions a message may be in."""
    ids = [await here.accept(f"#{n}", to=to) for n, to in product(range(3), PEOPLE)]
    now = here.clock.now()
    for message_id in ids:
        values: dict[str, object] = {"state": dice.choice(STATES)}
        values |= {name: now + timedelta(hours=dice.choice((-1, 1))) for name in MOMENTS if dice.random() < 0.15}
        if dice.random() < 0.15:
            values["hold_reason"] = "tag:x"
        if dice.random() < 0.15:
            values["eligible_at"] = now - timedelta(days=30)
        await here.set(message_id, **values)
    for person in dice.sample(PEOPLE, 4):
        await opt_out(here.db, person.removeprefix("+"), actor="test")
    return ids


@pytest.mark.parametrize("seed", range(4))
async def test_what_goes_at_once_is_what_the_judge_would_let_go(here: Stage, seed: int) -> None:
    ids = await scattered(here, Random(seed))
    verdicts = await judged(here, ids)
    asked = [claimed(message_id) for message_id in ids]
    clear = await intend_clear(here.db, asked, here.worker_id, here.settings, here.clock)
    went = {intent.id for intent in clear.send}
    assert went == {message_id for message_id, verdict in verdicts.items() if verdict == "sending"}
    assert {item.id for item in clear.left} == {str(message_id) for message_id in ids if message_id not in went}
    assert len(went) > 5
    assert len(set(verdicts.values())) > 5


async def test_it_writes_what_the_judge_would_write(here: Stage) -> None:
    one, other = await here.accept(to=PEOPLE[0]), await here.accept(to=PEOPLE[1])
    for message_id in (one, other):
        await here.set(message_id, hold_reason="tag:x", tries=3, lane_refusals=2)
    clear = await intend_clear(here.db, [claimed(one)], here.worker_id, here.settings, here.clock)
    async with here.db.transaction() as connection:
        params = {
            **id_span([other]),
            "worker_id": here.worker_id,
            "max_age_seconds": here.settings.max_age_seconds,
            "horizon": first_id_at(here.clock.now() + timedelta(hours=1)),
            "quiet": None,
        }
        cursor = await connection.execute(QUERIES["intend"], params)
        [row] = await cursor.fetchall()
    assert [intent.attempt for intent in clear.send] == [row[4]] == [1]
    rows = [await here.row(message_id) for message_id in (one, other)]
    own = {"id", "contact_id", "recipient", "ordinal", "fingerprint", "send_zone"}
    times = {name for name, value in rows[0].items() if hasattr(value, "isoformat")}
    first, second = ({k: v for k, v in row.items() if k not in own | times} for row in rows)
    assert first == second
    assert {k: v is None for k, v in rows[0].items()} == {k: v is None for k, v in rows[1].items()}


@pytest.mark.parametrize(
    "closed",
    [
        "insert into gates (what, value, actor) values ('tag', 'other', 'test')",
        "insert into rests (instance, until, reason) values ('support', now() + interval '1 hour', 'refused')",
    ],
    ids=["a gate", "a rest"],
)
async def test_while_anything_is_closed_or_rests_all_are_judged(here: Stage, closed: str) -> None:
    message_id = await here.accept()
    await here.db.execute(closed)  # pyright: ignore[reportArgumentType]
    clear = await intend_clear(here.db, [claimed(message_id)], here.worker_id, here.settings, here.clock)
    assert (clear.send, len(clear.left)) == ([], 1)
    assert [intent.id for intent in (await here.intend(message_id)).send] == [message_id]


async def test_while_somebody_may_not_be_woken_all_are_judged(here: Stage) -> None:
    message_id = await here.accept()
    asked = [claimed(message_id)]
    clear = await intend_clear(here.db, asked, here.worker_id, here.settings, here.clock, quiet='{"windows": {}}')
    assert (clear.send, clear.left) == ([], asked)
    assert await here.state(message_id) == "queued"
