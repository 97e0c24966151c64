"""`dispatch_ratio` = our messages a second / BullMQ's: the same sink and the same cores, in turn.

One worker process pinned to core 0; nginx, Redis and Postgres on core 1 for both. The sink answers every POST with a
fixed 201 but for the message id, which is nginx's request id: every message of ours gets a map row of its own.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from psycopg import sql
from redis.asyncio import Redis

from anclora.cli.home import free_port, prepare
from anclora.instances.webhook_secret import new_secret
from anclora.kit.settings import load_settings
from anclora.messages.model import Draft
from anclora.messages.reconcile import Reconciler
from anclora.runtime import open_runtime
from anclora.storage.embedded import EmbeddedServers, discard_embedded, start_embedded
from benchmarks.cpu import cpu_seconds

COUNT = int(os.environ.get("BENCH_COUNT", "50000"))
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
PEOPLE, NUMBERS = 10_000, 20
HERE = Path(__file__).parent
_TABLES = ("messages", "attempts", "provider_messages", "outbox", "workers")


def pin(pid: int, core: int) -> None:
    """Bind a process with all its threads and children."""
    subprocess.run(["taskset", "-a", "-c", "-p", str(core), str(pid)], check=True, capture_output=True)


def start_sink(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Nginx that answers every POST with a fixed 201."""
    body = '{"key":{"id":"$request_id","remoteJid":"x","fromMe":true},"status":"PENDING"}'
    (folder / "nginx.conf").write_text(
        f"worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; keepalive_requests 1000000; default_type application/json;\n"
        f"client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;\n"
        f"uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ return 201 '{body}'; }} }} }}\n"
    )
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    return subprocess.Popen(["taskset", "-c", "1", nginx, "-c", str(folder / "nginx.conf")])


async def fill(env: dict[str, str]) -> None:
    """Empty the ledger and the lanes, then accept and enqueue every message."""
    settings = load_settings(
        database_url=env["DATABASE_URL"],
        redis_url=env["REDIS_URL"],
        evolution_api_url=env["EVOLUTION_API_URL"],
        evolution_api_key="bench",
        default_pacing="sandbox",
    )
    async with open_runtime(settings) as runtime:
        await runtime.redis.flushall()
        async with runtime.db.transaction() as conn:
            for table in _TABLES:
                await conn.execute(sql.SQL("truncate {}").format(sql.Identifier(table)))
            for n in range(NUMBERS):
                await conn.execute(
                    "insert into instances (name, provider, state, secret) values (%s, 'evolution', 'open', %s)"
                    " on conflict do nothing",
                    (f"bench-{n}", new_secret()),
                )
        for start in range(0, COUNT, 1000):
            drafts = [
                Draft(to=f"346{n % PEOPLE:08d}", text=f"#{n} hola", instance=f"bench-{n % PEOPLE % NUMBERS}")
                for n in range(start, min(COUNT, start + 1000))
            ]
            await runtime.submit.submit("main", drafts)
        while await runtime.feeder.run_once():
            continue
        await Reconciler(runtime.db, runtime.queue, settings, runtime.clock).run_once()


def run_ours(env: dict[str, str], *words: str) -> dict[str, Any]:
    """What `benchmarks.ours` prints of one run over what was filled in."""
    done = subprocess.run(
        ["taskset", "-c", "0", sys.executable, "-m", "benchmarks.ours", *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
        timeout=150,
    )
    return json.loads(done.stdout.splitlines()[-1])


def cpu_by_part(env: dict[str, str], stores: Mapping[str, int]) -> dict[str, float]:
    """CPU microseconds a message costs, by part of our process and by server; from one more run, with samples taken."""
    asyncio.run(fill(env))
    before = {name: cpu_seconds(pid) for name, pid in stores.items()}
    ours = run_ours(env, "--sample")
    each = 1e6 / COUNT
    shares = {part: share * ours["cpu_seconds"] * each for part, share in ours["parts"].items()}
    servers = {name: (cpu_seconds(pid) - before[name]) * each for name, pid in stores.items()}
    return {name: round(value, 1) for name, value in {**shares, **servers}.items()}


def run_peer(servers: EmbeddedServers, sink: int) -> float:
    """Jobs a second."""
    parts = urlsplit(servers.redis_url)
    asyncio.run(_flush(servers.redis_url))
    argv = ["taskset", "-c", "0", "node", "peer.js", str(parts.port), parts.password or "", str(sink), str(COUNT)]
    done = subprocess.run(argv, cwd=HERE, capture_output=True, text=True, check=True, timeout=150)
    return COUNT / float(done.stdout.splitlines()[-1])


async def _flush(url: str) -> None:
    client = Redis.from_url(url)
    await client.flushall()
    await client.aclose()


def measure() -> dict[str, object]:
    """Run both in turn `BENCH_RUNS` times; the ratio of the medians, and every figure."""
    if not (HERE / "node_modules").exists():
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit"], cwd=HERE, check=True, timeout=300)
    folder = Path(tempfile.mkdtemp(prefix="anclora-bench-"))
    servers, port = start_embedded(folder / "data"), free_port()
    (folder / "sink").mkdir()
    folder.chmod(0o755)
    nginx = start_sink(folder / "sink", port)
    try:
        for pid in (servers.postgres_pid, servers.redis_pid):
            pin(pid, 1)
        asyncio.run(prepare(servers.database_url))
        env = {
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "EVOLUTION_API_URL": f"http://127.0.0.1:{port}",
            "EVOLUTION_API_KEY": "bench",
            "ANCLORA_DEFAULT_PACING": "sandbox",
            "ANCLORA_LOG_LEVEL": "ERROR",
        }
        stores = {"postgres": servers.postgres_pid, "redis": servers.redis_pid, "sink": nginx.pid}
        parts = cpu_by_part(env, stores)
        pairs: list[tuple[float, float]] = []
        for _ in range(RUNS):
            asyncio.run(fill(env))
            pairs.append((COUNT / run_ours(env)["seconds"], run_peer(servers, port)))
    finally:
        nginx.terminate()
        nginx.wait(timeout=10)
        servers.stop()
        discard_embedded(folder / "data")
        shutil.rmtree(folder, ignore_errors=True)
    ours, peer = [own for own, _ in pairs], [other for _, other in pairs]
    detail = {
        "figure": round(median(ours)),
        "peer": round(median(peer)),
        "spread": {"ours": _range(ours), "peer": _range(peer), "ratio": _range([a / b for a, b in pairs], 2)},
        "unit": "messages a second",
        "peer_is": "BullMQ",
        "messages": COUNT,
        "runs": RUNS,
        "cpu_us_per_message": parts,
    }
    return {"dispatch_ratio": round(median(ours) / median(peer), 2), "dispatch_ratio_detail": detail}


def _range(figures: Sequence[float], digits: int | None = None) -> list[float]:
    return [round(min(figures), digits), round(max(figures), digits)]
