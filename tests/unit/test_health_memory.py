"""Before the kernel ends a process, or somebody does, its log says what filled it."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from anclora.health import pulse
from anclora.health.memory import MemoryWatch, snapshot
from anclora.health.model import Task
from anclora.health.pulse import Pulse
from anclora.kit.clock import SystemClock
from anclora.kit.settings import load_settings
from anclora.storage.database import Database


class Leaked:
    """Something that should have gone."""

    def __init__(self, of: str) -> None:
        self.of = of


def task(share: float) -> Task:
    return Task(
        memory_bytes=int(share * 1_000_000_000),
        memory_limit_bytes=1_000_000_000,
        cpu_seconds=1.0,
        cpus=1.0,
        oom_kills=0,
    )


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def test_what_leaked_is_seen_by_its_type_and_never_by_what_it_holds() -> None:
    kept = [Leaked(f"+3460011122{n}") for n in range(50_000)]
    found = snapshot()
    [kind] = [each for each in found.kinds if each.type.endswith(".Leaked")]
    assert (kind.count, found.objects > len(kept), found.lines) == (len(kept), True, [])
    assert kind.kilobytes > len(kept) * 40 // 1024
    assert "+3460011122" not in repr(found)


@pytest.mark.usefixtures("traced")
def test_with_tracing_the_line_is_named() -> None:
    kept = [bytearray(1_000) for _ in range(5_000)]
    found = snapshot()
    assert len(kept) == 5_000
    assert any(__file__ in line and int(line.rsplit(" ", 1)[1]) > 4_000 for line in found.lines)


def test_a_climb_is_told_once_and_the_next_one_again() -> None:
    watch = MemoryWatch()
    shares = [0.5, 0.79, 0.8, 0.95, 0.75, 0.82, 0.69, 0.79, 0.81, 0.9]
    assert [share for share in shares if watch.due(task(share))] == [0.8, 0.81]
    assert not MemoryWatch().due(Task(memory_bytes=1, memory_limit_bytes=0, cpu_seconds=0.0, cpus=1.0, oom_kills=0))


@pytest.mark.parametrize(("share", "told"), [(0.2, 0), (0.75, 1), (0.85, 2)])
async def test_a_full_process_tells_and_one_that_has_to_go_does(
    monkeypatch: pytest.MonkeyPatch, share: float, told: int
) -> None:
    monkeypatch.setattr(pulse, "read_task", lambda: task(share))
    beating = Pulse(NoPools(), load_settings(), SystemClock())
    with capture_logs() as logs:
        await beating.run_once()
        beating.stop()
        beating.stop()
    lines = [line for line in logs if line["event"] == "memory_filled"]
    assert [line["share"] for line in lines] == [share] * told
    assert all(line["log_level"] == "warning" and line["kinds"] for line in lines)


class NoPools(Database):
    """A ledger nobody has opened."""

    def __init__(self) -> None:
        pass

    @property
    def pools(self) -> dict[str, Any]:
        """None."""
        return {}
