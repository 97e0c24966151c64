"""Accepting through the ordinary doors: one `anclora serve --role api`, validation on, 1,000 people, answers counted.

The doors have core 0; Postgres, Redis and the load generator share core 1.
"""

import json

from benchmarks.load import Load, run
from benchmarks.stage import NUMBERS, THEIRS, Stage, staged

PEOPLE = 1_000
_SECONDS = 4.0
_RUNS = 3


def measure() -> dict[str, object]:
    """`bulk_per_second` and `single_per_second`."""
    with staged() as stage:
        url, _ = stage.api()
        bulk = [_run(stage, url, bulk=True) for _ in range(_RUNS + 1)][1:]
        single = [_run(stage, url, bulk=False) for _ in range(_RUNS + 1)][1:]
    return {
        **_told("bulk_per_second", bulk, 20_000, "bulks of 1,000, 4 at once"),
        **_told("single_per_second", single, 2_500, "POST /api/v1/messages, 64 at once"),
    }


def _draft(n: int) -> dict[str, str]:
    return {"to": f"+346{n % PEOPLE:08d}", "text": f"#{n} hola", "instance": f"bench-{n % PEOPLE % NUMBERS}"}


def _run(stage: Stage, url: str, *, bulk: bool) -> float:
    """Messages a second, by the ledger."""
    stage.clear()
    drafts = [_draft(n) for n in range(4_000)]
    bodies = [{"messages": drafts[at : at + 1_000]} for at in range(0, 4_000, 1_000)] if bulk else drafts
    load = Load(
        url=url,
        target="/api/v1/messages/bulk" if bulk else "/api/v1/messages",
        headers={"X-API-Key": stage.key},
        at_once=4 if bulk else 64,
        bodies=[json.dumps(body) for body in bodies],
        seconds=_SECONDS,
    )
    outcome = run(load, core=THEIRS)
    committed = int(stage.ask("select count(*) from messages")[0][0])
    if outcome.bad or committed != outcome.good * (1_000 if bulk else 1):
        raise RuntimeError(f"{outcome.bad} bad answers, {committed} committed, {outcome.good} good: {outcome.worst}")
    return committed / outcome.seconds


def _told(name: str, runs: list[float], limit: int, how: str) -> dict[str, object]:
    runs = sorted(runs)
    return {
        name: round(runs[len(runs) // 2]),
        f"{name}_detail": {"limit": limit, "how": how, "people": PEOPLE, "spread": [round(runs[0]), round(runs[-1])]},
    }
