"""A result speaks for its own attempt only; what never left is given back; what a dead worker held is in doubt."""

from typing import LiteralString

import pytest
from messages_harness import TIMEOUT, ScriptedProvider, Stage, metric, send_round
from psycopg.rows import TupleRow

from anclora.kit.ids import WorkerId, new_id
from anclora.messages.intent import give_back
from anclora.messages.sweep import OrphanSweep
from anclora.messages.worker import Worker
from anclora.providers.contract import Outcome, Refused, Scope, Sent
from anclora.storage.database import CommitUnknownError, Database
from tests.waiting import eventually

SENT = Sent(provider_id="P1")
FOR_NOW = Refused(scope=Scope.MESSAGE, code="busy", text="Try again later.")
FOR_GOOD = Refused(scope=Scope.MESSAGE, code="not_on_whatsapp", text="Not on WhatsApp.", permanent=True)


LATE = {
    "queued": {"state": "queued"},
    "unknown": {"state": "unknown", "attempt": 2},
    "dead(unknown_outcome)": {"state": "dead", "reason_code": "unknown_outcome"},
}


@pytest.mark.parametrize("values", LATE.values(), ids=LATE)
async def test_a_late_success_of_an_older_attempt_makes_it_sent(here: Stage, values: dict[str, object]) -> None:
    message_id = await here.accept()
    first = await here.attempt(message_id)
    await here.set(message_id, worker_id=None, **values)
    doubles = metric("anclora_duplicate_send_total")
    await here.finish(first, SENT)
    row = await here.row(message_id)
    assert (row["state"], row["provider_id"], row["sent_at"] is None, row["unknown_at"]) == ("sent", "P1", False, None)
    assert doubles() == 0


@pytest.mark.parametrize(
    "values",
    [
        {"state": "dead", "reason_code": "tries_exhausted"},
        {"state": "canceled"},
        {"state": "failed"},
        {"state": "expired"},
        {"state": "blocked"},
    ],
    ids=lambda values: "-".join(values.values()),
)
async def test_no_other_end_is_reopened_and_the_attempt_is_a_fact_all_the_same(
    here: Stage, values: dict[str, object]
) -> None:
    message_id = await here.accept()
    first = await here.attempt(message_id)
    await here.set(message_id, attempt=2, **values)
    await here.finish(first, SENT)
    assert (await here.state(message_id), await here.notes(message_id)) == (values["state"], ["sent"])


@pytest.mark.parametrize("outcome", [FOR_NOW, FOR_GOOD, TIMEOUT])
@pytest.mark.parametrize("state", ["queued", "sending", "unknown", "dead"])
async def test_a_late_failure_of_an_older_attempt_changes_nothing(here: Stage, state: str, outcome: Outcome) -> None:
    message_id = await here.accept()
    first = await here.attempt(message_id)
    await here.set(message_id, state="queued", worker_id=None)
    await here.attempt(message_id)
    await here.set(message_id, state=state, reason_code="unknown_outcome")
    before = await here.row(message_id)
    await here.finish(first, outcome)
    assert await here.row(message_id) == before
    assert len(await here.notes(message_id)) == 1


@pytest.mark.parametrize("state", ["sending", "sent", "delivered", "read", "played"])
async def test_a_success_beside_a_later_attempt_is_a_double_and_is_counted(here: Stage, state: str) -> None:
    message_id = await here.accept()
    first = await here.attempt(message_id)
    await here.set(message_id, state="queued", worker_id=None)
    await here.attempt(message_id)
    await here.set(message_id, state=state)
    before = await here.row(message_id)
    doubles = metric("anclora_duplicate_send_total")
    await here.finish(first, SENT)
    assert await here.row(message_id) == before
    assert doubles() == 1


async def test_the_same_result_twice_is_no_double(here: Stage) -> None:
    message_id = await here.accept()
    intent = await here.attempt(message_id)
    doubles = metric("anclora_duplicate_send_total")
    for _ in range(2):
        await here.finish(intent, SENT)
    assert (await here.state(message_id), await here.notes(message_id), doubles()) == ("sent", ["sent"], 0)


async def test_the_attempt_only_grows_and_a_give_back_costs_no_try(here: Stage) -> None:
    message_id = await here.accept()
    for attempt in (1, 2, 3):
        intent = await here.attempt(message_id)
        assert intent.attempt == attempt
        assert await give_back(here.db, [(message_id, attempt)], here.worker_id) == {message_id}
    row = await here.row(message_id)
    assert (row["state"], row["attempt"], row["tries"], row["worker_id"]) == ("queued", 3, 0, None)


async def test_only_the_holder_of_the_open_attempt_gives_back(here: Stage) -> None:
    message_id = await here.accept()
    await here.attempt(message_id)
    assert await give_back(here.db, [(message_id, 1)], WorkerId(new_id())) == set()
    assert await give_back(here.db, [(message_id, 2)], here.worker_id) == set()
    assert await give_back(here.db, [], here.worker_id) == set()
    assert await here.state(message_id) == "sending"


@pytest.mark.parametrize("state", ["unknown", "sent", "delivered", "failed", "dead", "queued"])
async def test_what_is_no_longer_being_sent_is_not_given_back(here: Stage, state: str) -> None:
    message_id = await here.accept()
    await here.attempt(message_id)
    await here.set(message_id, state=state)
    assert await give_back(here.db, [(message_id, 1)], here.worker_id) == set()
    assert await here.state(message_id) == state


async def test_a_worker_whose_lease_is_nearly_over_posts_nothing_and_gives_back(
    here: Stage, provider: ScriptedProvider
) -> None:
    message_id = await here.accept()
    dispatcher = await here.dispatcher()
    intends = metric("anclora_dispatch_intents_total", verdict="sending")
    returned = metric("anclora_dispatch_given_back_total")
    beginning = here.clock.boot_seconds
    moments = iter([*[beginning()] * 2, beginning() + 26])  # alive, the intent begins, and then it takes 26 s
    here.clock.boot_seconds = lambda: next(moments, beginning() + 26)  # type: ignore[method-assign]
    await send_round(dispatcher)
    row = await here.row(message_id)
    assert (intends(), returned(), provider.out) == (1, 1, [])
    assert (row["state"], row["attempt"], row["tries"], row["worker_id"]) == ("queued", 1, 0, None)
    assert dispatcher.in_flight == 0


class Forgetful(Database):
    """The connection is lost while a COMMIT is open, once; `happened` says what it did."""

    def __init__(self, real: Database, *, happened: bool) -> None:
        super().__init__(real.pool)
        self.happened = happened
        self.armed = True

    async def commit(self, query: LiteralString, /, **params: object) -> list[TupleRow]:
        lost, self.armed = self.armed, False
        rows = [] if lost and not self.happened else await super().commit(query, **params)
        if lost:
            raise CommitUnknownError("The database went away during a commit.")
        return rows


@pytest.mark.parametrize("happened", [True, False])
async def test_after_an_intent_whose_commit_is_unknown_nothing_is_sent_and_the_rows_come_back(
    here: Stage, provider: ScriptedProvider, *, happened: bool
) -> None:
    message_id = await here.accept()
    dispatcher = await here.dispatcher()
    dispatcher._db = Forgetful(here.db, happened=happened)
    with pytest.raises(CommitUnknownError):
        await dispatcher.run_once()
    assert await here.state(message_id) == ("sending" if happened else "queued")
    await send_round(dispatcher)
    assert (await here.state(message_id), provider.out, dispatcher.in_flight) == ("queued", [], 0)

    await here.pass_seconds(31)  # the lane's lease
    for shard in range(here.settings.shards):
        await here.queue.sweep(shard)
    await send_round(await here.dispatcher())
    assert (await here.state(message_id), provider.out) == ("sent", ["hola"])
    assert (await here.row(message_id))["attempt"] == (2 if happened else 1)


async def orphaned(here: Stage, worker: Worker) -> str:
    """Sweep, and say what became of the one message."""
    await OrphanSweep(here.db, here.settings).run_once()
    row = await here.db.fetch_one("select state, reason_code, worker_id from messages")
    assert row is not None
    known = await here.db.fetch_one("select reaped_at from workers where id = %(id)s", id=worker.id)
    return f"{row['state']} {row['reason_code']} reaped={bool(known and known['reaped_at'])}"


async def test_what_a_silent_worker_was_sending_is_in_doubt_once_its_lease_is_over(here: Stage) -> None:
    worker = Worker(here.db, here.settings, here.clock, role="dispatch")
    await worker.run_once()
    intent = await here.attempt(await here.accept(), worker_id=worker.id)
    await here.pass_seconds(20)
    assert await orphaned(here, worker) == "sending None reaped=False"
    await here.pass_seconds(11)
    assert await orphaned(here, worker) == "unknown orphaned reaped=True"
    row = await here.row(intent.id)
    assert row["unknown_at"] is not None
    assert row["blocks_until"] > here.clock.now()
    assert await here.notes(intent.id) == ["orphaned"]


async def test_a_heartbeat_keeps_what_is_being_sent(here: Stage) -> None:
    worker = Worker(here.db, here.settings, here.clock, role="dispatch")
    await worker.run_once()
    await here.attempt(await here.accept(), worker_id=worker.id)
    for _ in range(3):
        await here.pass_seconds(20)
        await worker.run_once()
        assert await orphaned(here, worker) == "sending None reaped=False"


async def test_an_intent_older_than_any_request_is_in_doubt_whatever_the_heartbeat_says(here: Stage) -> None:
    worker = Worker(here.db, here.settings, here.clock, role="dispatch")
    await worker.run_once()
    intent = await here.attempt(await here.accept(), worker_id=worker.id)
    sweep = OrphanSweep(here.db, here.settings)
    longest = here.settings.lease_seconds + here.settings.connect_timeout_seconds + here.settings.send_timeout_seconds
    for seconds, expected in ((longest - 20, "sending"), (21, "unknown")):
        await here.pass_seconds(seconds)
        await worker.run_once()
        for _ in range(10):  # it looks for those every tenth round
            await sweep.run_once()
        assert await here.state(intent.id) == expected


async def test_a_reaped_worker_goes_on_under_a_new_name(here: Stage) -> None:
    worker = Worker(here.db, here.settings, here.clock, role="dispatch")
    await worker.run_once()
    before = worker.id
    await here.pass_seconds(31)
    assert not worker.alive
    await OrphanSweep(here.db, here.settings).run_once()
    await worker.run_once()
    assert worker.alive
    assert worker.id != before
    assert await here.count("workers") == 2


async def test_the_late_answer_of_a_lost_worker_is_evidence(here: Stage) -> None:
    worker = Worker(here.db, here.settings, here.clock, role="dispatch")
    await worker.run_once()
    intent = await here.attempt(await here.accept(), worker_id=worker.id)
    await here.pass_seconds(31)
    await OrphanSweep(here.db, here.settings).run_once()
    await here.finish(intent, SENT)
    assert (await here.state(intent.id), await here.notes(intent.id)) == ("sent", ["sent"])


async def test_an_open_request_keeps_its_lease_of_the_lane(here: Stage, provider: ScriptedProvider) -> None:
    await here.accept()
    provider.gate.clear()
    dispatcher, other = await here.dispatcher(), await here.dispatcher()
    await dispatcher.run_once()
    await provider.reached.wait()
    for _ in range(3):
        await here.pass_seconds(20)
        await dispatcher.extend()
        for shard in range(here.settings.shards):
            assert await here.queue.sweep(shard) == 0
    provider.gate.set()

    async def done() -> bool:
        await dispatcher.results.run_once()
        return dispatcher.in_flight == 0

    await eventually(done)
    assert (provider.out, other.in_flight, (await here.queue.stats()).lanes) == (["hola"], 0, {})
