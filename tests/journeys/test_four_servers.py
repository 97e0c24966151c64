"""Four `serve --role all` on one ledger and one Redis: each scheduled chore is done once, not four times."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import monotonic

import aiohttp
import pytest
from chores_scene import SCRIPT, Outside, Scene, chores, looks_often, make_due, scene_in

from anclora.cli.home import Home, child_env, free_port, prepare
from anclora.kit.settings import load_settings
from anclora.providers.sandbox import running_sandbox
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import discard_embedded, start_embedded
from anclora.supervise import Child, answers_200, family
from tests.aws_server import aws_server, point_to
from tests.loopback import serving
from tests.waiting import eventually

PROCESSES = 4
_ROUND = re.compile(r'^anclora_loop_rounds_total\{end="(\w+)",loop="(\w+)"\} (\d+)', re.MULTILINE)


async def rounds(port: int) -> Counter[tuple[str, str]]:
    """How many rounds each loop of a process made, by how they ended."""
    timeout = aiohttp.ClientTimeout(total=20)
    url = f"http://127.0.0.1:{port}/metrics"
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
        return Counter({(loop, end): int(count) for end, loop, count in _ROUND.findall(await answer.text())})


async def looked(ports: list[int], names: set[str], since: list[Counter[tuple[str, str]]] | None = None) -> bool:
    """Whether every process made a round of each of these loops, since then."""
    for place, port in enumerate(ports):
        made = await rounds(port)
        made.subtract(since[place] if since else {})
        if names - {loop for (loop, _), count in made.items() if count > 0}:
            return False
    return True


@pytest.mark.timeout(600)
async def test_four_servers_run_each_scheduled_chore_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with contextlib.AsyncExitStack() as stack:
        point_to(stack.enter_context(aws_server()), monkeypatch)
        stack.callback(discard_embedded, tmp_path / "data")
        servers = stack.enter_context(start_embedded(tmp_path / "data", passing=True))
        await prepare(servers.database_url)
        db = Database(await open_pool(servers.database_url))
        stack.push_async_callback(db.close)
        outside = Outside()
        outside.url = await stack.enter_async_context(serving(outside.handle))
        sandbox = await stack.enter_async_context(running_sandbox(SCRIPT, tmp_path / "witness.jsonl"))
        ports = [free_port() for _ in range(PROCESSES)]
        scene = scene_in(
            tmp_path,
            outside,
            DATABASE_URL=servers.database_url,
            REDIS_URL=servers.redis_url,
            EVOLUTION_API_URL=sandbox.url,
            EVOLUTION_API_KEY=sandbox.api_key,
            ANCLORA_PUBLIC_URL=f"http://127.0.0.1:{ports[0]}",
        )
        await make_due(db, tmp_path, scene, sandbox)
        home = Home(data_dir=tmp_path / "home", env=child_env(load_settings(), **scene.env))
        children = await stack.enter_async_context(family())
        for port in ports:
            children.append(home.child(f"all-{port}", "serve", "--role", "all", "--port", str(port)))
            await children[-1].start()
        await once(db, scene, children, ports)


async def once(db: Database, scene: Scene, children: list[Child], ports: list[int]) -> None:
    """Wait until every process looked at every chore and all is done; then look again, and count."""
    began = monotonic()
    for child, port in zip(children, ports, strict=True):
        await child.wait_ready(answers_200(f"http://127.0.0.1:{port}/health/live"), timeout_seconds=120)
    known = chores()
    names = {loop.name for loop in known.values()}

    async def all_done() -> bool:
        runs = await scene.runs(db)
        return all(runs.get(chore) for chore in known) and await looked(ports, names)

    try:
        await eventually(all_done, timeout_seconds=180)
    except TimeoutError:
        show(known, await scene.runs(db))
        raise
    before, often = [await rounds(port) for port in ports], looks_often()

    async def looked_again() -> bool:
        return await looked(ports, often, before)

    await eventually(looked_again, timeout_seconds=120)
    runs = await scene.runs(db)
    show(known, runs)
    seconds = monotonic() - began
    # One that is done every two minutes or more is due again on a machine that takes so long.
    most = {chore: 1 + int(seconds // each.every_seconds) * (each.every_seconds > 60) for chore, each in known.items()}
    assert runs.keys() == most.keys()
    assert {chore: n for chore, n in runs.items() if not 1 <= n <= most[chore]} == {}
    ends = [(loop, end) for port in ports for loop, end in await rounds(port)]
    assert [loop for loop, end in ends if end == "failed" and loop in names] == []


def show(known: Iterable[str], runs: Mapping[str, int]) -> None:
    """A line for each chore."""
    for chore in sorted({*known, *runs}):
        print(f"{chore}: {runs.get(chore, 0)} of 1")
