"""What was missed while nobody listened is looked up: bounded, over a real socket, by a clock that a test moves."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from api_harness import HandClock
from messages_harness import Stage, metric, send_round, stage

from anclora.inbound import gaps as gap_module
from anclora.inbound.apply import apply
from anclora.inbound.gaps import GapWatch, find_gaps
from anclora.inbound.listen import Ear
from anclora.inbound.model import deliver
from anclora.inbound.read import find
from anclora.kit.settings import load_settings
from anclora.messages.model import Draft
from anclora.messages.submit import Accepted
from anclora.providers.contract import ConnectionEvent, HeardPage, Text
from anclora.providers.registry import EVOLUTION, build
from anclora.providers.sandbox import Script, running_sandbox
from anclora.providers.sandbox.script import Number, Receipts
from anclora.providers.sandbox.server import Sandbox
from anclora.storage.database import Database
from tests.waiting import eventually

FAST = Receipts(server_ack_ms=(0, 1), delivery_ms=(1, 2), read_ms=(2, 3))


@dataclass
class Scene:
    here: Stage
    sandbox: Sandbox
    watch: GapWatch
    ear: Ear

    @property
    def number(self) -> Any:
        return self.sandbox.world.instances["sales"]

    async def caught_up(self, most: int = 30) -> int:
        """Rounds until no gap is open; how many."""
        for rounds in range(1, most):
            await self.watch.run_once()
            if all(gap.done_at for gap in await find_gaps(self.here.db)):
                return rounds
        raise AssertionError(await find_gaps(self.here.db))


@pytest.fixture
async def scene(db: Database, redis: Any, tmp_path: Path) -> AsyncGenerator[Scene, None]:
    """A number at a server that tells nobody what happens to it: we are down."""
    clock = HandClock()
    async with running_sandbox(
        Script(instances=(Number(name="sales"),), receipts=FAST), tmp_path / "w", clock=clock
    ) as sandbox:
        given = {"evolution_api_url": sandbox.url, "evolution_api_key": sandbox.api_key}
        providers = build(load_settings(**given), clock)
        async with stage(db, redis, providers[EVOLUTION], **given) as here:
            here.clock = clock
            watch = GapWatch(db, providers, here.settings, clock)
            yield Scene(here, sandbox, watch, Ear(db, here.settings, clock))
        await providers.close()


def count_look_ups(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pages asked for from now on."""
    provider, pages = scene.watch._providers[EVOLUTION], []
    ask = provider.find_heard

    async def counted(instance: str, **span: Any) -> HeardPage:
        pages.append(span["page"])
        return await ask(instance, **span)

    monkeypatch.setattr(provider, "find_heard", counted)
    return pages


async def test_down_for_half_an_hour_while_two_thousand_statuses_happen(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, number = scene.here, scene.number
    recovered = metric("anclora_inbound_recovered_total", what="heard")
    await scene.ear.run_once()  # we listen
    await scene.watch.run_once()
    drafts = [Draft(to=f"+34600{n:06}", text=f"#{n}") for n in range(700)]
    accepted = await here.submit.submit("main", drafts)
    ids = [each.id for each in accepted.results if isinstance(each, Accepted)]
    await here.feeder.settle()
    dispatcher = await here.dispatcher()
    while await here.db.fetch_one("select 1 as one from messages where state = 'queued' limit 1"):
        await send_round(dispatcher)

    async def all_read() -> bool:
        return len(scene.sandbox.world.agenda) == 0

    await eventually(all_read, timeout_seconds=40)
    assert sum(len(row.updates) for row in number.store._rows) >= 2_000  # nobody heard of one of them
    for n in range(30):
        scene.sandbox.world.receive(number, f"34600{n:06}", f"answer {n}")
    states = await here.db.fetch_all("select distinct state from messages")
    assert states == [{"state": "sent"}]
    here.clock.pass_seconds(1_800)

    await scene.ear.run_once()  # we are back
    [gap] = await find_gaps(here.db)
    assert (gap.why, gap.done_at) == ("downtime", None)
    pages = count_look_ups(scene, monkeypatch)
    rounds = await scene.caught_up()
    states = await here.db.fetch_all("select state, count(*) as n from messages group by state")
    assert states == [{"state": "read", "n": len(ids)}]
    assert sorted(row.text or "" for row in await find(here.db, limit=200)) == sorted(f"answer {n}" for n in range(30))
    [gap] = await find_gaps(here.db)
    assert (gap.heard, gap.error, recovered()) == (30, None, 30)
    assert len(pages) == 8  # 730 rows, a hundred a page
    assert rounds == 2  # five pages a round
    assert await here.count("events") == 30

    scene.here.clock.pass_seconds(60)
    await scene.ear.run_once()
    await scene.watch.run_once()
    assert len(await find_gaps(here.db)) == 1  # back to normal


async def test_a_short_pause_is_no_gap(scene: Scene) -> None:
    await scene.ear.run_once()
    scene.here.clock.pass_seconds(600)  # the sender still repeats what it had
    await scene.ear.run_once()
    assert await find_gaps(scene.here.db) == []


async def connection(scene: Scene, state: str) -> None:
    event = ConnectionEvent(state=state, reason=200)
    await apply(scene.here.db, [(scene.here.clock.now(), deliver("sales", b"", [event]))])


async def test_after_a_reconnect_what_was_said_meanwhile_is_looked_up(scene: Scene) -> None:
    await scene.watch.run_once()
    scene.here.clock.pass_seconds(30)
    await connection(scene, "connecting")
    await scene.watch.run_once()
    scene.sandbox.world.receive(scene.number, "34600111222", "are you there")
    scene.here.clock.pass_seconds(30)
    assert await find_gaps(scene.here.db) == []
    await connection(scene, "open")
    await scene.caught_up()
    [gap] = await find_gaps(scene.here.db)
    assert (gap.why, gap.heard) == ("reconnect", 1)
    await scene.watch.run_once()
    assert len(await find_gaps(scene.here.db)) == 1


async def test_a_reconnect_between_two_looks_is_seen_too(scene: Scene) -> None:
    await scene.watch.run_once()
    scene.here.clock.pass_seconds(5)
    await connection(scene, "connecting")
    await connection(scene, "open")
    await scene.watch.run_once()
    assert [gap.why for gap in await find_gaps(scene.here.db)] == ["reconnect"]


async def test_a_silent_number_is_looked_up_once_a_silence(scene: Scene) -> None:
    scene.ear.heard(["sales"])
    await scene.ear.run_once()
    await scene.watch.run_once()
    scene.sandbox.world.receive(scene.number, "34600111222", "hello?")
    for _ in range(4):
        scene.here.clock.pass_seconds(800)
        await scene.ear.run_once()
        await scene.watch.run_once()
    found = await find_gaps(scene.here.db)
    assert [gap.why for gap in found] == ["silence"]
    assert [row.text for row in await find(scene.here.db)] == ["hello?"]


async def test_a_server_that_does_not_answer_is_asked_again_later_and_not_for_ever(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gap_module, "_MOST_TRIES", 3)
    await scene.watch.run_once()
    await connection(scene, "connecting")
    await connection(scene, "open")
    del scene.sandbox.world.instances["sales"]  # it does not know the number any more
    await scene.watch.run_once()
    [gap] = await find_gaps(scene.here.db)
    assert (gap.done_at, gap.error, gap.tries) == (None, "instance_not_found", 1)
    await scene.watch.run_once()
    assert (await find_gaps(scene.here.db))[0].tries == 1  # not yet
    for _ in range(2):
        scene.here.clock.pass_seconds(1_800)
        await scene.watch.run_once()
    [gap] = [gap for gap in await find_gaps(scene.here.db) if gap.why == "reconnect"]
    assert (gap.error, gap.tries, gap.done_at is not None) == ("instance_not_found", 3, True)


async def test_a_look_up_shows_every_kind_of_message_and_what_was_typed(scene: Scene) -> None:
    await scene.watch.run_once()
    world, number = scene.sandbox.world, scene.number
    world.receive(
        number, "34600111222", "", message={"imageMessage": {"caption": "the door", "mimetype": "image/jpeg"}}
    )
    world.receive(number, "34600111222", "", message={"reactionMessage": {"key": {"id": "3EB0"}, "text": "👍"}})
    world.receive(number, "34600111222", "from my phone", typed=True)
    await connection(scene, "connecting")
    await connection(scene, "open")
    await scene.caught_up()
    found = {(row.direction, row.kind): row for row in await find(scene.here.db)}
    assert set(found) == {("in", "image"), ("in", "reaction"), ("phone", "text")}
    assert (found["in", "image"].text, found["in", "reaction"].target) == ("the door", "3EB0")
    assert found["in", "image"].event_id is None or await scene.here.count("inbound_events") == 0


async def test_a_gap_of_a_provider_that_cannot_look_back_ends_and_says_so(here: Stage) -> None:
    watch = GapWatch(here.db, here.providers, here.settings, here.clock)  # its capabilities say no
    await watch.run_once()
    event = [ConnectionEvent(state=state, reason=None) for state in ("connecting", "open")]
    for each in event:
        await apply(here.db, [(here.clock.now(), deliver("sales", b"", [each]))])
    await watch.run_once()
    [gap] = await find_gaps(here.db)
    assert (gap.error, gap.done_at is not None) == ("cannot_be_looked_up", True)


async def test_what_was_typed_elsewhere_and_what_the_server_sent_are_told_apart(scene: Scene) -> None:
    """A send whose answer got lost is evidence for its doubt, never a message typed on the phone."""
    here = scene.here
    message_id = await here.doubt("hola")
    await here.providers[EVOLUTION].send("sales", "34600111222", Text(text="hola"), reference="r")
    await scene.watch.run_once()
    await connection(scene, "connecting")
    await connection(scene, "open")
    await scene.caught_up()
    assert await find(here.db) == []
    await here.resolver.run_once()
    assert await here.state(message_id) in ("sent", "delivered", "read")
