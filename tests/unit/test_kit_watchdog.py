"""A loop that stands still past its limit ends its process; one that runs, or is no longer guarded, does not."""

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, time
from anclora.kit.watchdog import watchdog

async def main():
    with watchdog({limit}):
        await asyncio.sleep({runs})
        {inside}
    {after}
    print("lives")

asyncio.run(main())
"""
_STANDS = "time.sleep(0.8)"


def run(
    limit: float, *, runs: float = 0.0, inside: str = "pass", after: str = "pass"
) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(limit=limit, runs=runs, inside=inside, after=after)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)


def test_one_that_stands_still_is_ended_and_says_where() -> None:
    ended = run(0.3, inside=_STANDS)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Timeout (0:00:00.300000)!" in ended.stderr
    assert "in main" in ended.stderr


@pytest.mark.parametrize(
    "story",
    [{"limit": 0.3, "runs": 0.9}, {"limit": 0, "inside": _STANDS}, {"limit": 0.3, "after": _STANDS}],
    ids=["it runs", "no limit", "no longer guarded"],
)
def test_others_live(story: dict[str, object]) -> None:
    lived = run(**story)  # pyright: ignore[reportArgumentType]
    assert (lived.returncode, lived.stdout.strip(), lived.stderr) == (0, "lives", "")
