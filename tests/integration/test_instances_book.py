"""The book, the registration and the secrets, on a real ledger."""

import asyncio
from datetime import timedelta
from typing import LiteralString

import pytest
from api_harness import HandClock, OneProvider
from psycopg.rows import DictRow

from anclora.audit import recent
from anclora.instances import Instance, InstanceBook, accepts, connect_webhooks, register, rotate, status_of
from anclora.kit.errors import InvalidError, NotFoundError, UnavailableError
from anclora.providers.contract import RemoteInstance
from anclora.storage.database import Database
from tests.waiting import eventually


def remote(name: str, state: str = "open", owner: str | None = None) -> RemoteInstance:
    return RemoteInstance(name=name, state=state, owner=owner)


async def book_of(db: Database, *remotes: RemoteInstance) -> InstanceBook:
    if remotes:
        await register(db, "evolution", OneProvider(*remotes))
    book = InstanceBook(db, HandClock())
    await book.refresh()
    return book


async def test_the_only_instance_needs_no_name(db: Database) -> None:
    book = await book_of(db, remote("sales"))
    assert book.choose(None) == book.choose("sales") == "sales"
    assert book.get("sales").provider == "evolution"


async def test_of_several_one_must_be_named(db: Database) -> None:
    book = await book_of(db, remote("support"), remote("sales"))
    assert book.names == ("sales", "support")
    with pytest.raises(InvalidError, match="sales, support") as several:
        book.choose(None)
    assert several.value.code == "instance_needed"
    with pytest.raises(NotFoundError, match="sales, support") as unknown:
        book.choose("shop")
    assert unknown.value.code == "unknown_instance"


async def test_without_any_it_says_how_to_get_one(db: Database) -> None:
    book = await book_of(db)
    with pytest.raises(NotFoundError, match="anclora instances sync") as none:
        book.choose(None)
    assert none.value.code == "no_instance"


async def test_the_view_is_five_seconds_old_at_most(db: Database) -> None:
    clock = HandClock()
    book = InstanceBook(db, clock)
    await book.refresh()
    await register(db, "evolution", OneProvider(remote("sales")))
    clock.pass_seconds(4.9)
    await book.refresh()
    assert book.names == ()
    clock.pass_seconds(0.1)
    await book.refresh()
    assert book.names == ("sales",)


class Dying(Database):
    """A database that answers nobody, and only when a test lets it fail."""

    def __init__(self, real: Database) -> None:
        super().__init__(real.pool)
        self.asked = 0
        self.fails = asyncio.Event()

    async def fetch_all(self, query: LiteralString, /, **params: object) -> list[DictRow]:
        self.asked += 1
        await self.fails.wait()
        raise UnavailableError("The database does not answer.")


async def test_behind_a_dead_database_all_who_wait_fail_with_the_first(db: Database) -> None:
    dying = Dying(db)
    book = InstanceBook(dying, HandClock())
    asking = [asyncio.create_task(book.refresh()) for _ in range(20)]

    async def one_asks() -> bool:
        return dying.asked == 1

    await eventually(one_asks)
    dying.fails.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert ({type(answer) for answer in answers}, dying.asked) == ({UnavailableError}, 1)
    with pytest.raises(UnavailableError):
        await book.refresh()  # a later caller asks again
    assert dying.asked == 2


async def test_a_caller_may_ask_for_a_newer_view(db: Database) -> None:
    clock = HandClock()
    book = InstanceBook(db, clock)
    await book.refresh()
    await register(db, "evolution", OneProvider(remote("sales")))
    arrived = clock.boot_seconds()
    await book.refresh(newer_than_seconds=arrived - 1)
    assert book.names == ()
    await book.refresh(newer_than_seconds=arrived)
    assert book.names == ("sales",)


async def test_registering_again_keeps_secret_and_owner_and_follows_the_state(db: Database) -> None:
    [before] = await register(db, "evolution", OneProvider(remote("sales", owner="34911222333")))
    [after] = await register(db, "evolution", OneProvider(remote("sales", "close")))
    assert (after.secret, after.owner, after.state) == (before.secret, "34911222333", "close")
    assert after.state_at > before.state_at
    [same] = await register(db, "evolution", OneProvider(remote("sales", "close")))
    assert same == after


async def test_a_number_the_provider_lost_is_missing_and_comes_back(db: Database) -> None:
    await register(db, "evolution", OneProvider(remote("sales"), remote("support")))
    found = await register(db, "evolution", OneProvider(remote("support")))
    assert {each.name: each.state for each in found} == {"sales": "missing", "support": "open"}
    found = await register(db, "evolution", OneProvider(remote("sales"), remote("support")))
    assert {each.state for each in found} == {"open"}


async def test_another_providers_numbers_are_left_alone(db: Database) -> None:
    await register(db, "cloud", OneProvider(remote("shop")))
    assert [each.name for each in await register(db, "evolution", OneProvider(remote("sales")))] == ["sales"]
    assert (await book_of(db)).get("shop").state == "open"


async def test_logged_out_stays_so_until_it_opens_again(db: Database) -> None:
    await register(db, "evolution", OneProvider(remote("sales")))
    await db.execute("update instances set state = 'logged_out'")
    [instance] = await register(db, "evolution", OneProvider(remote("sales", "close")))
    assert instance.state == "logged_out"
    [instance] = await register(db, "evolution", OneProvider(remote("sales", "open")))
    assert instance.state == "open"


async def test_a_state_nobody_knows_counts_as_not_connected(db: Database) -> None:
    [instance] = await register(db, "evolution", OneProvider(remote("sales", "sleeping")))
    assert instance.state == "close"


async def test_webhooks_point_at_us_with_the_secret_and_one_failure_stops_no_other(db: Database) -> None:
    provider = OneProvider(remote("a b/c"), remote("gone"), remote("sales"))
    provider.refusing = {"a b/c"}
    await register(db, "evolution", provider)
    provider.remotes = [each for each in provider.remotes if each.name != "gone"]
    instances = await register(db, "evolution", provider)
    failures = await connect_webhooks(db, instances, provider, public_url="https://wa.example.com/")
    assert list(failures) == ["a b/c"]
    provider.refusing = set()
    assert await connect_webhooks(db, instances, provider, public_url="https://wa.example.com") == {}
    assert {name: url for name, (url, _) in provider.webhooks.items()} == {
        "a b/c": "https://wa.example.com/webhooks/evolution/a%20b%2Fc",
        "sales": "https://wa.example.com/webhooks/evolution/sales",
    }
    assert provider.webhooks["sales"][1] == next(each.secret for each in instances if each.name == "sales")


async def test_the_old_secret_is_good_for_a_day(db: Database) -> None:
    clock = HandClock()
    [before] = await register(db, "evolution", OneProvider(remote("sales")))
    after = await rotate(db, "sales", actor="cli")
    assert after.secret != before.secret
    clock.pass_seconds(23 * 3600)
    assert accepts(after, after.secret, clock)
    assert accepts(after, before.secret, clock)
    clock.pass_seconds(2 * 3600)
    assert accepts(after, after.secret, clock)
    assert not accepts(after, before.secret, clock)
    assert [(entry.action, entry.subject) for entry in await recent(db)] == [
        ("instance.rotate_secret", "instance:sales")
    ]
    with pytest.raises(NotFoundError):
        await rotate(db, "shop", actor="cli")


@pytest.mark.parametrize("given", [None, "", "wrong", "é"])
async def test_anything_else_is_no_secret(db: Database, given: str | None) -> None:
    [instance] = await register(db, "evolution", OneProvider(remote("sales")))
    assert not accepts(instance, given, HandClock())


async def test_a_secret_never_shows(db: Database) -> None:
    [instance] = await register(db, "evolution", OneProvider(remote("sales")))
    assert instance.secret not in repr(instance)


@pytest.mark.parametrize(
    ("state", "rests_seconds", "word"),
    [
        ("open", None, "connected"),
        ("open", -1, "connected"),
        ("open", 1, "stalled"),
        ("connecting", 1, "connecting"),
        ("close", 1, "disconnected"),
        ("logged_out", None, "logged_out"),
        ("missing", None, "missing"),
    ],
)
async def test_the_word_people_read(state: str, rests_seconds: float | None, word: str) -> None:
    now = HandClock().now()
    instance = Instance(
        name="sales",
        provider="evolution",
        state=state,
        state_at=now,
        owner=None,
        paused_until=None if rests_seconds is None else now + timedelta(seconds=rests_seconds),
        pause_reason=None,
        secret="s",
        old_secret=None,
        old_secret_until=None,
    )
    assert status_of(instance, now) == word
