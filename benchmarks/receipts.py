"""Receipts: the recorded `messages.update` posted to our door, stored and applied, against a bare ASGI app's 200.

Both have core 0 to themselves, in turn; Postgres, Redis and the load generator share core 1.
"""

import json
import socket
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from anclora.cli.home import free_port
from benchmarks.cpu import cpu_seconds
from benchmarks.load import Load, Outcome, run
from benchmarks.stage import OURS, SECRET, THEIRS, Stage, staged, until

COUNT = 15_000
_RUNS = 3
_AT_ONCE = 32
_RECORDED = Path(__file__).parents[1] / "tests/contract/evolution-2.3.7/baileys_ack/004-read.json"
_FILL = """
with made as (
    insert into messages (id, account, instance, contact_id, recipient, content, kind, class, priority, state, ordinal,
        attempt, sent_at, provider_id)
    select (lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n), 19, '0'))::uuid,
        'main', 'bench-0', gen_random_uuid(), '34600' || lpad(n::text, 6, '0'), '{}', 'text', 'utility', 2, 'sent', n,
        1, now(), 'bench-' || n
    from generate_series(1, %s) as n
    returning id, instance, provider_id
)
insert into provider_messages (instance, provider_id, message_id, attempt, rank, acked_at)
select instance, provider_id, id, 1, 1, now() from made
"""


def measure() -> dict[str, object]:
    """`receipts_ratio` = ours / bare, and its details."""
    with staged() as stage:
        url, api = stage.api()
        bare_url = _bare(stage)
        used = cpu_seconds(api.pid)
        runs = [(_ours(stage, url), _post(stage, bare_url)) for _ in range(_RUNS)]
        cpu_us = (cpu_seconds(api.pid) - used) * 1e6 / (_RUNS * COUNT)
    ours, bare = ([each.per_second for each in some] for some in zip(*runs, strict=True))
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    return {
        "receipts_ratio": round(median(ours) / median(bare), 2),
        "receipts_ratio_detail": {
            "limit": 0.5,
            "figure": round(median(ours)),
            "peer": round(median(bare)),
            "peer_is": "a bare uvicorn app that answers 200 to the same body on the same core",
            "unit": f"webhooks a second, {_AT_ONCE} at once",
            "spread": [round(min(ratios), 2), round(max(ratios), 2)],
            "ours_cpu_us": round(cpu_us, 1),
        },
    }


def _bare(stage: Stage) -> str:
    port = free_port()
    argv = ["taskset", "-c", str(OURS), sys.executable, "-m", "benchmarks.bare", str(port)]
    stage.children.append(subprocess.Popen(argv))
    until(lambda: _listens(port), 10)
    return f"http://127.0.0.1:{port}"


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _ours(stage: Stage, url: str) -> Outcome:
    """Every receipt stored, and applied within a second of the last answer."""
    stage.clear()
    stage.ask(_FILL, COUNT)
    outcome = _post(stage, url)
    until(lambda: stage.ask("select count(*) from messages where state = 'read'")[0][0] == COUNT, 1.0)
    return outcome


def _post(stage: Stage, url: str) -> Outcome:
    outcome = run(_load(url, COUNT), core=THEIRS)
    if outcome.bad:
        log = (stage.folder / "children.log").read_text()[-2_000:]
        raise RuntimeError(f"{outcome.bad} bad answers, among them {outcome.worst}\n{log}")
    return outcome


def _load(url: str, count: int) -> Load:
    recorded: dict[str, Any] = json.loads(_RECORDED.read_text())["webhooks"][0]["body"]
    return Load(
        url=url,
        target="/webhooks/evolution/bench-0",
        headers={"X-Anclora-Secret": SECRET},
        at_once=_AT_ONCE,
        bodies=[
            json.dumps({**recorded, "data": {**recorded["data"], "keyId": f"bench-{n}"}}) for n in range(1, count + 1)
        ],
        again=False,
    )
