"""Through HTTP, with every role a process: a server dies, the answers tell the truth, and all goes on by itself."""

import asyncio
from pathlib import Path

import pytest

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import Answered, Town, kill, town
from tests.waiting import eventually


@pytest.mark.timeout(300)
async def test_without_redis_messages_are_accepted_and_dispatch_resumes_by_itself(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    async with town(own_servers, tmp_path) as here:
        await here.is_health("healthy")
        await here.start("dispatch", "dispatch")
        await here.send_many(0, 300)
        await here.out(50)
        kill(own_servers.redis_pid)
        answers = [await here.send(serial) for serial in range(300, 320)]
        assert {answer.status for answer in answers} == {202}

        async def says_what_is_away() -> bool:
            told = (await here.ask("GET", "/health")).json
            return told["status"] == "degraded" and told["checks"]["redis"]["status"] == "unhealthy"

        await eventually(says_what_is_away)
        await asyncio.to_thread(own_servers.restart_redis)
        await here.at_rest()
        await here.is_health("healthy")
        assert here.doubled_or_lost() == {}


async def retried(here: Town, serial: int) -> Answered:
    """What a client does: the same request with the same key until it is accepted."""
    answers: list[Answered] = []

    async def taken() -> bool:
        answers.append(await here.send(serial))
        assert answers[-1].status in (202, 503), answers[-1]
        return answers[-1].status == 202

    await eventually(taken, timeout_seconds=90)
    return answers[-1]


@pytest.mark.timeout(300)
async def test_without_postgres_the_answer_is_503_and_a_repeated_request_is_one_message(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    async with town(own_servers, tmp_path) as here:
        async with here.ledger() as db:
            secret = await db.fetch_one("select secret from instances where name = 'one'")
        assert secret is not None
        await here.start("dispatch", "dispatch")
        await here.send_many(0, 300)
        await here.out(50)
        clients = [asyncio.create_task(retried(here, serial)) for serial in range(300, 330)]
        kill(own_servers.postgres_pid)

        refused = await here.send(999)
        assert (refused.status, refused.json["code"] in ("database_unavailable", "commit_unknown")) == (503, True)
        assert int(refused.headers["Retry-After"]) >= 1
        event = {"event": "messages.update", "instance": "one", "data": {"keyId": "X", "status": "READ"}}
        headers = {"X_Anclora_Secret": secret["secret"]}
        webhook = await here.ask("POST", "/webhooks/evolution/one", json=event, **headers)
        assert (webhook.status, int(webhook.headers["Retry-After"]) >= 1) == (503, True)

        async def says_so() -> bool:
            return (await here.ask("GET", "/health")).status == 503

        await eventually(says_so)
        assert (await here.ask("GET", "/health/live")).status == 200

        await asyncio.to_thread(own_servers.restart_postgres)
        assert {(await client).status for client in clients} == {202}
        assert (await retried(here, 999)).status == 202

        async def taken() -> bool:  # one connection of the pool is back, and another may not be yet
            answer = await here.ask("POST", "/webhooks/evolution/one", json=event, **headers)
            assert answer.status in (200, 503), answer
            return answer.status == 200

        await eventually(taken)
        await here.at_rest()
        await here.is_health("healthy")
        assert here.doubled_or_lost() == {}
