"""What the figures cost those who send: lives of messages with tallies and, by turns, with their statements cut out.

The doors, two dispatchers and the work of the product are four writers at once on core 0; core 1 is everybody else's.
"""

import os
from statistics import median
from typing import NamedTuple

from anclora.cli.home import free_port
from benchmarks.cpu import cpu_seconds
from benchmarks.life import burst, start_sandbox
from benchmarks.stage import OURS, Stage, staged

_PAIRS = 9 if os.environ.get("LONG") else 3
_WARM, _COUNT = 500, 3_000
_PROGRAMS = ("anclora", "benchmarks.untallied")


class _Run(NamedTuple):
    """CPU microseconds a message, of our processes and of the stores, and messages a second until all were read."""

    ours_us: float
    stores_us: float
    per_second: float

    @property
    def cpu_us(self) -> float:
        """Both together."""
        return self.ours_us + self.stores_us


def measure() -> dict[str, object]:
    """`tallies_cpu_ratio` = CPU of a life with / without, and its details."""
    sandbox_port, public_port = free_port(), free_port()
    with staged(f"http://127.0.0.1:{sandbox_port}") as stage:
        start_sandbox(stage, sandbox_port)
        stage.env["ANCLORA_PUBLIC_URL"] = f"http://127.0.0.1:{public_port}"
        runs = [[_run(stage, program, public_port) for program in _turn(pair)] for pair in range(_PAIRS)]
    pairs = [(pair[0], pair[1]) if number % 2 == 0 else (pair[1], pair[0]) for number, pair in enumerate(runs)]
    ratios = [with_.cpu_us / without.cpu_us for with_, without in pairs]
    rates = [with_.per_second / without.per_second for with_, without in pairs]
    return {
        "tallies_cpu_ratio": round(median(ratios), 3),
        "tallies_cpu_ratio_detail": {
            "limit": 1.1,
            "unit": "CPU of a life (accepted, sent, three receipts; ours and the stores') with tallies / without",
            "spread": [round(min(ratios), 3), round(max(ratios), 3)],
            "rate_ratio": round(median(rates), 3),
            "rate_spread": [round(min(rates), 3), round(max(rates), 3)],
            "with_us": {name: round(median(getattr(each, name) for each, _ in pairs)) for name in _NAMES},
            "without_us": {name: round(median(getattr(each, name) for _, each in pairs)) for name in _NAMES},
            "pairs": _PAIRS,
            "messages": _COUNT,
        },
    }


_NAMES = ("ours_us", "stores_us")


def _turn(pair: int) -> tuple[str, ...]:
    """Who begins changes, so that nobody always has the warmer machine."""
    return _PROGRAMS if pair % 2 == 0 else _PROGRAMS[::-1]


def _run(stage: Stage, program: str, port: int) -> _Run:
    stage.program = program
    url, doors = stage.api(port=port)
    ours = [doors, *(stage.serve(role, core=OURS) for role in ("dispatch", "dispatch", "work"))]
    stage.dispatching(2)
    burst(stage, url, _WARM)
    stage.ask("truncate tally_deltas")
    before, stores = sum(cpu_seconds(child.pid) for child in ours), stage.stores_seconds()
    seconds = burst(stage, url, _COUNT)
    used = sum(cpu_seconds(child.pid) for child in ours) - before
    stores = stage.stores_seconds() - stores
    stage.stop(*ours)
    return _Run(used * 1e6 / _COUNT, stores * 1e6 / _COUNT, _COUNT / seconds)
