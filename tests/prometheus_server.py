"""A real Prometheus and the exporters of Debian, on free ports of loopback, for tests that ask it."""

import contextlib
import os
import subprocess
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from anclora.alerts import BLIND, CATALOGUE, Links
from anclora.alerts.files import prometheus_files
from anclora.cli.home import free_port
from anclora.supervise import Child, answers_200, family
from tests.conftest import needs

_READY_SECONDS = 90.0
Series = Mapping[str, Any]


@dataclass(frozen=True)
class Prometheus:
    """A running one."""

    url: str
    session: aiohttp.ClientSession

    async def _ask(self, path: str, **query: str) -> Sequence[Series]:
        async with self.session.post(f"{self.url}/api/v1/{path}", data=query) as answer:
            told = await answer.json()
        assert told["status"] == "success", (query, told)
        return told["data"]["result"]

    async def now(self, expr: str) -> Sequence[Series]:
        """The value of an expression now, or the samples of a selector over a span."""
        return await self._ask("query", query=expr)

    async def between(self, expr: str, start: float, end: float, step_seconds: int = 1) -> Sequence[Series]:
        """An expression from `start` to `end`, Unix seconds."""
        return await self._ask(
            "query_range", query=expr, start=str(start), end=str(end), step=str(step_seconds), timeout="20s"
        )


@contextlib.asynccontextmanager
async def prometheus(
    folder: Path, targets: Mapping[str, int], rules: Sequence[Path] = (), *, alertmanager: int | None = None
) -> AsyncGenerator[Prometheus, None]:
    """A Prometheus with its data in `folder`, that scrapes job -> port of loopback every second.

    Started again on the same folder, it knows what it knew.
    """
    needs("prometheus")
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - one folder of a test
    port = free_port()
    scrapes = [f"{{job_name: {job}, static_configs: [{{targets: ['127.0.0.1:{at}']}}]}}" for job, at in targets.items()]
    alerting = f"[{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]" if alertmanager else "[]"
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n"
        f"rule_files: [{', '.join(str(path) for path in rules)}]\n"
        f"alerting: {{alertmanagers: {alerting}}}\n"
        f"scrape_configs: [{', '.join(scrapes)}]\n"
    )
    words = [
        f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
        "--web.console.templates=/none", "--web.console.libraries=/none", "--storage.tsdb.allow-overlapping-blocks",
        "--log.level=warn",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    async with family() as children, aiohttp.ClientSession() as session:
        child = Child("prometheus", [which("prometheus") or "", *words], dict(os.environ), folder / "prometheus.log")
        children.append(child)
        await child.start()
        await child.wait_ready(answers_200(f"{url}/-/ready"), timeout_seconds=_READY_SECONDS)
        yield Prometheus(url, session)


@contextlib.asynccontextmanager
async def exporters(folder: Path, *, database_url: str, redis_url: str) -> AsyncGenerator[Mapping[str, int], None]:
    """The exporters of Redis, Postgres and the machine: job -> port."""
    ports = {job: free_port() for job in ("redis", "postgres", "node")}
    index = urlsplit(redis_url)
    commands = {
        "redis": [
            "prometheus-redis-exporter",
            f"--redis.addr=redis://{index.hostname}:{index.port}",
            f"--redis.password={index.password or ''}",
            f"--web.listen-address=127.0.0.1:{ports['redis']}",
        ],
        "postgres": ["prometheus-postgres-exporter", f"--web.listen-address=127.0.0.1:{ports['postgres']}"],
        "node": ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{ports['node']}"],
    }
    env = {**os.environ, "DATA_SOURCE_NAME": f"{database_url}?sslmode=disable"}
    async with family() as children:
        for job, words in commands.items():
            needs(words[0])
            child = Child(job, [which(words[0]) or "", *words[1:]], env, folder / f"{job}.log")
            children.append(child)
            await child.start()
            await child.wait_ready(
                answers_200(f"http://127.0.0.1:{ports[job]}/metrics"), timeout_seconds=_READY_SECONDS
            )
        yield ports


@contextlib.asynccontextmanager
async def alertmanager(folder: Path, doors: str, key: str) -> AsyncGenerator[int, None]:
    """A real Alertmanager with our routes, which posts to these doors with this key at once; its port."""
    needs("prometheus-alertmanager")
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - one folder of a test
    text = prometheus_files(CATALOGUE, BLIND, Links(anclora_url=doors))["alertmanager.yml"]
    (folder / "key").write_text(key)
    (folder / "slack").write_text("http://127.0.0.1:9/nobody")
    for said, here in {
        "/etc/prometheus/anclora-key": str(folder / "key"),
        "/etc/prometheus/anclora-slack-url": str(folder / "slack"),
        "https://deadman.example.com/anclora": "http://127.0.0.1:9/nobody",
        'group_wait: "10s"': 'group_wait: "0s"',
        'group_interval: "1m"': 'group_interval: "1s"',
    }.items():
        assert said in text
        text = text.replace(said, here)
    (folder / "am.yml").write_text(text)
    port = free_port()
    words = [f"--config.file={folder / 'am.yml'}", f"--storage.path={folder / 'data'}", "--cluster.listen-address="]
    words.append(f"--web.listen-address=127.0.0.1:{port}")
    async with family() as children:
        program = which("prometheus-alertmanager") or ""
        child = Child("alertmanager", [program, *words], dict(os.environ), folder / "alertmanager.log")
        children.append(child)
        await child.start()
        await child.wait_ready(answers_200(f"http://127.0.0.1:{port}/-/ready"), timeout_seconds=_READY_SECONDS)
        yield port


def backfill(folder: Path, series: Sequence[Series], *, earlier_seconds: int) -> None:
    """Write samples (the answer to a selector over a span) as if they had been seen earlier, by promtool."""
    needs("promtool")
    by_name: dict[str, list[str]] = defaultdict(list)
    for each in series:
        labels = dict(each["metric"])
        name = labels.pop("__name__")
        shown = ",".join(f'{key}="{_quoted(value)}"' for key, value in sorted(labels.items()))
        for at, value in each["values"]:
            by_name[name].append(f"{name}{{{shown}}} {value} {at - earlier_seconds:.3f}")
    text = folder / "earlier.txt"
    lines = [line for name, samples in by_name.items() for line in (f"# TYPE {name} unknown", *samples)]
    text.write_text("\n".join([*lines, "# EOF", ""]))
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(folder / "data")],
        check=True,
        capture_output=True,
        timeout=60,
    )


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
