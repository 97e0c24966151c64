"""A group of results of every kind: what plainly was sent goes by a shorter way, and ends as by the longer one."""

from random import Random
from typing import LiteralString, cast

import pytest
from messages_harness import TIMEOUT, ScriptedProvider, Stage, metric, shown
from psycopg.rows import TupleRow
from test_messages_resolve import PROOF_SECONDS

from anclora.analytics import verify
from anclora.messages.attempt import Result, plainly_sent
from anclora.messages.results import store
from anclora.messages.rules import judge
from anclora.messages.sweep import OrphanSweep
from anclora.providers.contract import Outcome, ReceiptEvent, Refused, Scope, Sent
from anclora.storage.database import Database

BUSY = Refused(scope=Scope.MESSAGE, code="busy", text="Try again later.")
OUTCOMES: dict[str, Outcome] = {
    "plain": Sent(provider_id="P1"),
    "read before its answer came": Sent(provider_id="P2"),
    "refused before its answer came": Sent(provider_id="P3"),
    "of an answer two have": Sent(provider_id="P4"),
    "of the answer the other has": Sent(provider_id="P4"),
    "refused": BUSY,
    "in doubt": TIMEOUT,
    "noted before": Sent(provider_id="P8"),
    "canceled": Sent(provider_id="P9"),
}
ENDS = {
    "plain": ("sent", "P1"),
    "read before its answer came": ("read", "P2"),
    "refused before its answer came": ("failed", "P3"),
    "of an answer two have": ("sent", "P4"),
    "of the answer the other has": ("sent", "P4"),
    "refused": ("queued", None),
    "in doubt": ("unknown", None),
    "noted before": ("sent", "P8"),
    "canceled": ("canceled", None),
}


async def results(here: Stage) -> dict[str, Result]:
    ended: dict[str, Result] = {}
    for n, (name, outcome) in enumerate(OUTCOMES.items()):
        intent = await here.attempt(await here.accept(name, to=f"+3460011122{n}"))
        now = here.clock.now()
        verdict = judge(outcome, intent.trial, retries=here.retries, max_age_seconds=86_400, now=now, dice=Random(0))
        ended[name] = Result(intent=intent, outcome=outcome, verdict=verdict, at=now)
    return ended


@pytest.mark.parametrize("noted_before", [False, True])
async def test_a_group_of_every_kind_ends_as_each_would_alone(here: Stage, *, noted_before: bool) -> None:
    """An attempt that was noted before fails the shorter statement as a whole, and all go by the longer one."""
    group = await results(here)
    await here.hear(ReceiptEvent(provider_id="P2", rank=3), ReceiptEvent(provider_id="P3", rank=0, text="no"))
    if noted_before:
        noted = group["noted before"].intent
        await here.db.execute(
            "insert into attempts (message_id, attempt, instance, intent_at, outcome)"
            " values (%(id)s, %(attempt)s, 'sales', now(), 'unknown')",
            id=noted.id,
            attempt=noted.attempt,
        )
    await here.set(group["canceled"].intent.id, state="canceled")
    changed = await store(here.db, list(group.values()), here.worker_id)
    rows = {name: await here.row(result.intent.id) for name, result in group.items()}
    assert {name: (row["state"], row["provider_id"]) for name, row in rows.items()} == ENDS
    assert {name for name, result in group.items() if result.intent.id in changed} == ENDS.keys() - {"canceled"}
    assert [await here.notes(result.intent.id) for result in group.values()] == [
        *(["sent"] for _ in range(5)),
        ["refused"],
        ["unknown"],
        ["sent"],
        ["sent"],
    ]


async def test_a_group_stored_twice_changes_nothing_more(here: Stage) -> None:
    group = [result for result in (await results(here)).values() if isinstance(result.outcome, Sent)]
    assert len(plainly_sent(group)) == len(group) - 2
    first = await store(here.db, group, here.worker_id)
    before = await here.db.fetch_all("select * from messages order by id")
    assert await store(here.db, group, here.worker_id) == {}
    assert (len(first), await here.db.fetch_all("select * from messages order by id")) == (len(group), before)
    assert (await verify(here.db, timezone="Europe/Madrid")).differences == 0


class Dying:
    """A ledger whose process dies when the first statement of a group is stored."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._stored = 0

    async def commit(self, query: LiteralString, /, **params: object) -> list[TupleRow]:
        """The first one only."""
        self._stored += 1
        if self._stored > 1:
            raise DeathError
        return await self._db.commit(query, **params)


class DeathError(Exception):
    """What no process survives."""


@pytest.mark.parametrize(
    ("early", "end"),
    [(ReceiptEvent(provider_id="P2", rank=3), "read"), (ReceiptEvent(provider_id="P2", rank=0, text="no"), "failed")],
)
async def test_a_group_cut_in_two_by_a_death_sends_nothing_again(
    here: Stage, provider: ScriptedProvider, early: ReceiptEvent, end: str
) -> None:
    """Where a receipt came first the answer is noted then, and no look-up proves that it was not sent."""
    group = await results(here)
    await here.hear(early)
    with pytest.raises(DeathError):
        await store(cast(Database, Dying(here.db)), list(group.values()), here.worker_id)
    cut = group["read before its answer came"].intent
    assert await here.state(cut.id) == "sending"
    provider.found = [shown("read before its answer came", "P2", to=cut.recipient), shown("other", "P1")]
    await here.pass_seconds(PROOF_SECONDS)
    sweep = OrphanSweep(here.db, here.settings)
    for _ in range(10):  # an intent too old for any reason is looked for in every tenth round
        await sweep.run_once()
    assert await here.state(cut.id) == "unknown"
    ended = metric("anclora_unknown_resolved_total", how="answer")
    await here.resolver.run_once()
    assert (await here.state(cut.id), (await here.row(cut.id))["provider_id"], ended()) == (end, "P2", 1)
    assert (await verify(here.db, timezone="Europe/Madrid")).differences == 0
