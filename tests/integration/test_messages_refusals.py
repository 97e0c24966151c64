"""A refusal stops what it is about and nothing else: a message, a person, a class, a number, all of an account."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from messages_harness import DIGITS, ScriptedProvider, Stage, metric, send_round, stage

from anclora.messages import dispatch
from anclora.messages.dispatch import Dispatcher
from anclora.messages.feed import lane_of
from anclora.messages.model import MessageClass
from anclora.messages.readmit import Readmission
from anclora.messages.reconcile import Reconciler
from anclora.messages.retries import RetryChange, change_retry
from anclora.messages.sweep import Housekeeping
from anclora.providers.contract import Refused, RemoteInstance, Scope, Unknown
from anclora.storage.database import Database

OTHER = "+34600999888"
MARKETING = frozenset({"marketing"})
# What Meta's Cloud API says in its codes, as outcomes.
PAIR_LIMIT = Refused(scope=Scope.RECIPIENT, code="pair_rate_limit", text="131056", retry_after_seconds=20)
NO_MARKETING = Refused(
    scope=Scope.RECIPIENT, code="healthy_ecosystem", text="131049", classes=MARKETING, retry_after_seconds=20
)
SPAM_RATE = Refused(scope=Scope.LANE, code="spam_rate_limit", text="131048", classes=MARKETING, retry_after_seconds=20)
THROUGHPUT = Refused(scope=Scope.LANE, code="throughput", text="130429", retry_after_seconds=20)
ACCOUNT = Refused(scope=Scope.ACCOUNT, code="account_limit", text="80007", retry_after_seconds=20)
TEMPLATE = Refused(scope=Scope.TEMPLATE, code="template_paused", text="132015", retry_after_seconds=20)


@pytest.fixture
def provider() -> ScriptedProvider:
    both = [RemoteInstance(name=name, state="open", owner=None) for name in ("sales", "support")]
    return ScriptedProvider(*both)


@pytest.fixture
async def here(
    db: Database, redis: Any, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Stage, None]:
    monkeypatch.setattr(dispatch, "_IDLE_SECONDS", 0.01)
    async with stage(db, redis, provider) as running:
        yield running


async def accept(
    here: Stage, text: str, *, to: str = OTHER, instance: str = "sales", kind: str = "utility", **draft: Any
) -> UUID:
    return await here.accept(text, to=to, instance=instance, kind=MessageClass(kind), **draft)


async def rounds(here: Stage, count: int = 3, dispatcher: Dispatcher | None = None) -> None:
    """What may go goes; what a rest held comes back to its lane when it is over."""
    for _ in range(count):
        await Readmission(here.db, here.queue).run_once()
        await send_round(dispatcher or await here.dispatcher())


async def test_a_recipient_who_has_too_much_rests_and_the_lane_goes_on(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["refused"].append(PAIR_LIMIT)
    refused = await accept(here, "refused", to=f"+{DIGITS}")
    await rounds(here, 1)
    for text, kind in (("a reply", "reply"), ("another", "utility"), ("an offer", "marketing")):
        await accept(here, text, to=f"+{DIGITS}", kind=kind)
    await accept(here, "to somebody else")
    await accept(here, "from another number", to=f"+{DIGITS}", instance="support")
    await rounds(here)
    assert sorted(provider.out) == ["from another number", "refused", "to somebody else"]
    row = await here.row(refused)
    assert (row["state"], row["tries"], row["attempt"], row["lane_refusals"]) == ("queued", 0, 1, 1)
    await here.pass_seconds(21)  # the refused one probes, the others follow
    await rounds(here, 1)
    assert provider.out[3:] == ["refused"]
    await rounds(here, 4)  # it works again
    assert provider.out[4:] == ["a reply", "another", "an offer"]


async def test_a_recipient_who_refuses_again_rests_again(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["refused"].extend([PAIR_LIMIT, PAIR_LIMIT])
    await accept(here, "refused", to=f"+{DIGITS}")
    await accept(here, "a reply", to=f"+{DIGITS}", kind="reply", fed=False)
    await rounds(here, 1)
    await here.feeder.run_once()
    await here.pass_seconds(21)
    await rounds(here)
    assert provider.out == ["refused", "refused"]
    await here.pass_seconds(10)
    await rounds(here)
    assert provider.out == ["refused", "refused"]
    await here.pass_seconds(17)
    await rounds(here)
    await here.pass_seconds(11)
    await rounds(here)
    assert provider.out == ["refused", "refused", "refused", "a reply"]


async def test_marketing_a_person_should_not_get_holds_back_nothing_else(
    here: Stage, provider: ScriptedProvider
) -> None:
    provider.script["an offer"].append(NO_MARKETING)
    await accept(here, "an offer", to=f"+{DIGITS}", kind="marketing")
    await rounds(here, 1)
    await accept(here, "a second offer", to=f"+{DIGITS}", kind="marketing")
    await accept(here, "an appointment", to=f"+{DIGITS}")
    await accept(here, "an offer to somebody else", kind="marketing")
    await rounds(here)
    assert sorted(provider.out) == ["an appointment", "an offer", "an offer to somebody else"]


async def test_a_lane_too_eager_rests_its_marketing_first_and_one_probes(
    here: Stage, provider: ScriptedProvider
) -> None:
    provider.script["offer 0"].append(SPAM_RATE)
    await accept(here, "offer 0", to="+34600111000", kind="marketing")
    await rounds(here, 1)
    for n in range(1, 5):
        await accept(here, f"offer {n}", to=f"+3460011100{n}", kind="marketing")
    await accept(here, "an appointment", to="+34600111009")
    await accept(here, "another number's offer", to="+34600111001", kind="marketing", instance="support")
    await rounds(here)
    assert sorted(provider.out) == ["an appointment", "another number's offer", "offer 0"]
    await here.pass_seconds(21)
    await rounds(here, 1)
    assert provider.out[3:] == ["offer 0"]  # alone
    await rounds(here)
    assert sorted(provider.out[4:]) == ["offer 1", "offer 2", "offer 3", "offer 4"]


async def test_then_the_whole_lane_rests(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["an appointment"].append(SPAM_RATE)
    await accept(here, "an appointment", to=f"+{DIGITS}")
    await rounds(here, 1)
    await accept(here, "another", to=OTHER)
    await rounds(here)
    assert provider.out == ["an appointment"]
    assert (await here.queue.stats()).lanes[lane_of("sales")].paused


async def test_a_refusing_lane_rests_probes_once_and_starts_gently(here: Stage, provider: ScriptedProvider) -> None:
    people = [f"+346001110{n:02d}" for n in range(20)]
    provider.script["m0"].extend([THROUGHPUT, THROUGHPUT])
    await accept(here, "m0", to=people[0])
    await rounds(here, 1)
    for n, person in enumerate(people[1:], 1):
        await accept(here, f"m{n}", to=person)
    await rounds(here)
    assert provider.out == ["m0"]
    await here.pass_seconds(21)
    await rounds(here)
    assert provider.out == ["m0", "m0"]  # one probe, refused again
    await here.pass_seconds(21)
    counts: list[int] = []
    dispatcher = await here.dispatcher()
    for _ in range(4):
        before = len(provider.out)
        await send_round(dispatcher)
        counts.append(len(provider.out) - before)
    assert counts == [1, 2, 4, 8]  # the probe, then as many as went well


async def test_an_account_at_its_limit_stops_every_number_of_it(here: Stage, provider: ScriptedProvider) -> None:
    rests = metric("anclora_refusal_rests_total", scope="account")
    provider.script["refused"].append(ACCOUNT)
    await accept(here, "refused")
    await rounds(here, 1)
    await accept(here, "another number's", instance="support")
    await rounds(here)
    assert (provider.out, rests()) == (["refused"], 1)
    rows = await here.db.fetch_all(
        "select name, paused_until > now() as rests, pause_reason from instances order by name"
    )
    assert [(row["name"], row["rests"], row["pause_reason"]) for row in rows] == [
        ("sales", True, "account_limit"),
        ("support", True, "account_limit"),
    ]
    await here.pass_seconds(21)  # who was refused probes before the others
    await rounds(here)
    assert provider.out == ["refused", "refused"]
    await here.pass_seconds(11)
    await rounds(here)
    assert provider.out[2:] == ["another number's"]


async def test_a_template_that_is_paused_stops_only_its_message(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["refused"].append(TEMPLATE)
    refused = await accept(here, "refused")
    await rounds(here, 1)
    await accept(here, "another", to=f"+{DIGITS}")
    await rounds(here)
    assert (provider.out, (await here.row(refused))["tries"]) == (["refused", "another"], 0)


@pytest.mark.parametrize("refusal", [PAIR_LIMIT, SPAM_RATE, ACCOUNT])
async def test_a_redis_that_forgot_knows_from_the_ledger_what_rests(
    here: Stage, provider: ScriptedProvider, redis: Any, refusal: Refused
) -> None:
    provider.script["refused"].append(refusal)
    await accept(here, "refused", to=f"+{DIGITS}", kind="marketing")
    await rounds(here, 1)
    await accept(here, "the next", to=f"+{DIGITS}", kind="marketing")
    await redis.flushall()
    await Reconciler(here.db, here.queue, here.settings, here.clock).run_once()
    await rounds(here)
    assert provider.out == ["refused"]


async def test_who_causes_three_pauses_pays_and_another_one_probes(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["stubborn"].extend([THROUGHPUT] * 3)
    stubborn = await accept(here, "stubborn", to=f"+{DIGITS}")
    tries: list[int] = []
    for _ in range(3):
        await rounds(here, 1)
        tries.append((await here.row(stubborn))["tries"])
        await here.pass_seconds(21)
    assert tries == [0, 0, 1]
    await accept(here, "another")
    await rounds(here)
    assert provider.out == [*["stubborn"] * 3, "another"]


async def test_a_pause_over_the_age_of_a_message_ends_it(here: Stage, provider: ScriptedProvider) -> None:
    await here.set(old := await accept(here, "old"), eligible_at=here.clock.now())
    provider.script["old"].append(PAIR_LIMIT)
    await rounds(here, 1)
    await here.pass_seconds(here.settings.max_age_seconds + 1)
    await rounds(here, 2)
    assert (await here.state(old), provider.out) == ("dead", ["old"])


async def test_expires_at_wins_over_what_the_provider_wishes(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["viewing"].append(
        Refused(scope=Scope.MESSAGE, code="busy", text="later", retry_after_seconds=10_000)
    )
    viewing = await accept(here, "viewing", expires_at=here.clock.now() + timedelta(seconds=60))
    await rounds(here, 1)
    await here.pass_seconds(601)  # the cap of the message's own refusals
    await rounds(here, 2)
    assert (await here.state(viewing), provider.out) == ("expired", ["viewing"])


async def test_a_change_counts_in_a_running_dispatcher(here: Stage, provider: ScriptedProvider) -> None:
    again = Refused(scope=Scope.MESSAGE, code="media_not_usable", text="no")
    provider.script["m"].extend([again, again])
    message_id = await accept(here, "m")
    dispatcher = await here.dispatcher()
    await send_round(dispatcher)
    assert await here.state(message_id) == "queued"
    await change_retry(here.db, "media_not_usable", RetryChange(tries=2), actor="test")
    await dispatcher.retries.run_once()
    await here.pass_seconds(10)
    dispatcher = await here.dispatcher()
    await send_round(dispatcher)
    row = await here.row(message_id)
    assert (row["state"], row["reason_code"], row["attempt"]) == ("dead", "tries_exhausted", 2)


async def test_what_rests_no_longer_is_swept_away(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["refused"].append(PAIR_LIMIT)
    await accept(here, "refused")
    await rounds(here, 1)
    keeping = Housekeeping(here.db, here.settings, here.clock)
    await keeping.run_once()
    assert await here.count("rests") == 1
    await here.pass_seconds(30)
    await keeping.run_once()
    assert await here.count("rests") == 0


async def test_a_doubtful_probe_lifts_no_rest(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["refused"].extend([PAIR_LIMIT, Unknown(code="timeout", text="no answer")])
    await accept(here, "refused")
    await rounds(here, 1)
    await here.pass_seconds(21)
    await rounds(here, 1)
    assert (provider.out, await here.count("rests")) == (["refused", "refused"], 1)
