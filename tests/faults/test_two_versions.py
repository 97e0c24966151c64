"""The rolling rehearsal: the release before this one and this one send side by side, and the schema moves between them.

`deploy/previous-release` names the release before. Its processes run its own code in its own environment; with
`LONG=1` every package of that is installed from its lock, else those that are the same here are lent.
"""

import asyncio
import contextlib
import subprocess
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from anclora.cli.home import free_port
from anclora.kit.clock import SystemClock
from anclora.providers.sandbox import read_witness
from anclora.storage.database import Database
from anclora.storage.embedded import EmbeddedServers
from anclora.storage.migrate import migrate, revisions
from anclora.storage.partitions import ensure_partitions
from anclora.supervise import Child, answers_200
from tests.faults import release
from tests.faults.balancer import Balancer, balancer
from tests.faults.release import ReleaseHome, present, previous_release
from tests.faults.town import READY_SECONDS, TOLD, Town, settled
from tests.waiting import eventually

SECONDS, ALONE_SECONDS = 60.0, 5.0
CLIENTS, PAUSE_SECONDS = 10, 0.2
_STOP_SECONDS = 110.0


class Load:
    """Ten clients that send one message after the other; each has people of its own, so that their order is known."""

    def __init__(self, here: Town) -> None:
        assert here.people % CLIENTS == 0
        self._here = here
        self.requests = 0
        self.failed: list[str] = []

    async def client(self, which: int, stop: asyncio.Event) -> None:
        """One of them, until the stop."""
        serial = which
        while not stop.is_set():
            self.requests += 1
            try:
                answer = await self._here.send(serial)
                if answer.status != 202:
                    self.failed.append(f"#{serial:05d}: {answer}")
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:  # the last: no JSON
                self.failed.append(f"#{serial:05d}: {error!r}")
            serial += CLIENTS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_SECONDS):
                    await stop.wait()


async def gone_on_for(seconds: float) -> None:
    """Wait until everything has gone on for so long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds

    async def is_over() -> bool:
        return loop.time() >= until

    await eventually(is_over, timeout_seconds=seconds + 60)


@contextlib.asynccontextmanager
async def load(here: Town) -> AsyncGenerator[Load, None]:
    """All of them, until the end of the block; what was asked then is answered."""
    made, stop = Load(here), asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        for which in range(CLIENTS):
            clients.create_task(made.client(which, stop), name=f"client {which}")
        try:
            yield made
        finally:
            stop.set()


async def everybody(here: Town, front: Balancer, name: str) -> list[Child]:
    """One version with every role beside whatever else runs, at work and behind the front.

    In the order in which a version is replaced.
    """
    port = free_port()
    work = await here.start(f"{name}-work", "work")
    dispatchers = [await here.start(f"{name}-dispatch-{n}", "dispatch") for n in range(2)]
    api = await here.start(f"{name}-api", "api", "--port", str(port))
    front.ports.append(port)
    await api.wait_ready(answers_200(f"http://127.0.0.1:{port}/health/live"), timeout_seconds=READY_SECONDS)

    async def at_work() -> bool:
        known = {row["pid"] for row in await db.fetch_all("select pid from workers")}
        return port in front.ready and known >= {child.pid for child in dispatchers}

    async with here.ledger() as db:
        await eventually(at_work, timeout_seconds=READY_SECONDS)
    return [work, *dispatchers, api]


async def sent_by(db: Database, dispatchers: Sequence[int]) -> list[int]:
    """How many messages each of these processes sent."""
    rows = await db.fetch_all(
        "select w.pid, count(*)::integer as n from attempts a join workers w on w.id = a.worker_id"
        " where a.outcome = 'sent' group by w.pid"
    )
    counts = {row["pid"]: row["n"] for row in rows}
    return [counts.get(pid, 0) for pid in dispatchers]


def out_of_order(witness: Path) -> dict[str, list[str]]:
    """The people whose messages did not go out in the order in which they were accepted, with these."""
    seen: defaultdict[str, list[str]] = defaultdict(list)
    for sighting in read_witness(witness):
        seen[sighting.recipient].append(sighting.text)
    return {number: texts for number, texts in seen.items() if texts != sorted(texts)}


async def migrations_word(port: int) -> str:
    """What a process says of the tables."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/health") as answer:
        return str((await answer.json())["checks"]["migrations"]["message"])


@pytest.mark.timeout(720)
async def test_the_release_before_and_this_one_side_by_side_fail_no_request_and_lose_nothing(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    """Row 23."""
    now = present()
    with previous_release(tmp_path / "release") as before:
        between = revisions()[len(before.revisions) :]
        assert before.commit != now.removesuffix("-dirty")
        assert revisions()[: len(before.revisions)] == before.revisions
        assert between, f"no migration lies between {before.commit} and {now}"
        key = before.prepare({"DATABASE_URL": own_servers.database_url, "ANCLORA_ENV_FILE": ""})
        async with balancer() as front, settled(own_servers, tmp_path, url=front.url, key=key) as here:
            async with here.ledger() as db, db.transaction() as conn:
                await ensure_partitions(conn, SystemClock().now())  # whoever is replaced has run, and made them
            home = ReleaseHome(data_dir=here.home.data_dir, env=here.home.env, release=before)
            old = await everybody(replace(here, home=home), front, "old")
            async with load(here) as asking:
                assert await asyncio.to_thread(migrate, own_servers.database_url) == list(between)
                new = await everybody(here, front, "new")
                assert "newer than this program" in await migrations_word(front.ports[0])
                assert await migrations_word(front.ports[1]) == f"at {revisions()[-1]}"
                async with here.ledger() as db:
                    pids = [child.pid for child in (*old[1:3], *new[1:3])]
                    earlier, until_then = await sent_by(db, pids), Counter(front.answered)
                    await gone_on_for(SECONDS)
                    sent = [n - m for n, m in zip(await sent_by(db, pids), earlier, strict=True)]
                answered = [front.answered[port] - until_then[port] for port in front.ports]
                codes = [await ended(child) for child in old]
                await gone_on_for(ALONE_SECONDS)
            await here.at_rest()
        assert {child.log.read_text(encoding="utf-8").splitlines()[-1] for child in old} == {before.told}
    lines = [line for child in (*old, *new) for line in child.log.read_text(encoding="utf-8").splitlines()]
    errors = [line for line in lines if '"level":"ERROR"' in line]
    wrong = here.doubled_or_lost()
    TOLD.append(
        f"two versions: {before.commit} and {now}, {len(between)} migrations between ({between[0]} to {between[-1]}), "
        f"{SECONDS:.0f} s side by side: {asking.requests} requests, {len(asking.failed)} failed, "
        f"{sum(n == 0 for n in map(wrong.get, here.accepted))} lost"
    )
    assert (asking.failed, front.bad.total(), wrong, out_of_order(here.witness), errors) == ([], 0, {}, {}, [])
    assert codes == [0] * len(old)
    assert min(*sent, *answered) > 0, (sent, answered)


async def ended(child: Child) -> int:
    """How it ends when it is asked to."""
    await child.stop(timeout_seconds=_STOP_SECONDS)
    return await child.wait()


def commit_in(folder: Path) -> str:
    """An empty commit of a repository; its id."""
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
    for line in (["init", "--quiet"], [*who, "commit", "--quiet", "--allow-empty", "--message=one more"]):
        subprocess.run(["git", "-C", str(folder), *line], check=True, timeout=60)
    return subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "HEAD"], check=True, timeout=60, capture_output=True, text=True
    ).stdout.strip()


def test_the_release_before_is_of_this_history_and_only_a_shallow_clone_may_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, shallow, file = tmp_path / "whole", tmp_path / "shallow", tmp_path / "previous-release"
    whole.mkdir()
    first, _ = commit_in(whole), commit_in(whole)
    subprocess.run(["git", "clone", "--quiet", "--depth=1", whole.as_uri(), str(shallow)], check=True, timeout=60)
    for commit, root, outcome in (
        (first, shallow, pytest.skip.Exception),
        ("0" * 40, whole, pytest.fail.Exception),
        ("main", whole, AssertionError),
    ):
        file.write_text(f"{commit}\n", encoding="utf-8")
        monkeypatch.setattr(release, "ROOT", root)
        with pytest.raises(outcome):
            release.named(file)
    file.write_text(f"{first}\n", encoding="utf-8")
    assert release.named(file) == first
