"""No request leaves for our own network: the address is checked that is connected to, before anything is."""

from ipaddress import ip_address

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hooks_harness import hook_stage

from anclora.hooks.model import HookDraft
from anclora.hooks.subscriptions import create
from anclora.kit.errors import InvalidError
from anclora.storage.database import Database


class Changing(AbstractResolver):
    """Says something else each time it is asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        address = self.addresses[min(self.asked, len(self.addresses) - 1)]
        self.asked += 1
        return [ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        return


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[::1]", "127.0.0.1", "[::ffff:10.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[fe80::1]"]
)
async def test_an_address_of_ours_is_refused_when_it_is_given(db: Database, host: str) -> None:
    async with hook_stage(db, hooks_allow="") as here:
        with pytest.raises(InvalidError) as refusal:
            await here.subscribe(url=f"http://{host}:8080/in")
        assert refusal.value.code == "refused_address"
        # One that was made while its network was open is refused at the request.
        hook = await here.subscribe(url="https://x.example/")
        await here.db.execute("update hooks set url = %(url)s", url=f"http://{host}:8080/in")
        await here.happen("message:1")
        await here.deliver()
        assert "ANCLORA_HOOKS_ALLOW" in ((await here.hook(hook.id)).last_error or "")


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
async def test_a_name_that_means_an_address_of_ours_is_refused(db: Database, address: str) -> None:
    async with hook_stage(db, resolver=Changing(address), hooks_allow="") as here:
        hook = await here.subscribe(url="http://inside.example/in")
        await here.happen("message:1")
        await here.deliver()
        error = (await here.hook(hook.id)).last_error or ""
        assert f"inside.example is at {ip_address(address)}" in error
        [row] = await here.db.fetch_all("select status, error from hook_requests")
        assert (row["status"], row["error"]) == (None, error)


async def test_the_address_that_was_checked_is_the_one_connected_to(db: Database) -> None:
    resolver = Changing("127.0.0.1", "10.0.0.1")
    async with hook_stage(db, resolver=resolver) as here:
        port = here.subscriber.url.rpartition(":")[2].partition("/")[0]
        await here.subscribe(url=f"http://inside.example:{port}/in")
        await here.happen("message:1")
        await here.deliver()
        assert (len(here.subscriber.taken), resolver.asked) == (1, 1)  # a second look would have said 10.0.0.1


async def test_numbers_that_mean_loopback_are_names_and_refused(db: Database) -> None:
    async with hook_stage(db, hooks_allow="") as here:  # asks the system, which reads them as addresses
        for host in ("2130706433", "127.1", "0x7f.1", "localhost"):
            await create(
                here.db,
                HookDraft(url=f"http://{host}/", types=["*"], linger_seconds=0),
                here.settings,
                clock=here.clock,
                actor="test",
            )
        await here.happen("message:1")
        here.clock.pass_seconds(1)
        await here.deliver()
        rows = await here.db.fetch_all("select url, last_error from hooks")
        assert len(rows) == 4
        for row in rows:
            # aiohttp takes no host that is nearly an address; what it takes is resolved, and refused by us.
            assert "loopback" in (row["last_error"] or "") or "InvalidUrl" in row["last_error"], row
        assert any("loopback" in row["last_error"] for row in rows)
