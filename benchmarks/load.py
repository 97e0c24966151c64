"""A load generator of its own process: so many POSTs side by side, bounded in count and time; prints what came back.

Reads one `Load` as JSON from its standard input, prints one `Outcome`.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import uvloop

from anclora.kit.http import Poster
from anclora.kit.wire import Answer

_PATIENCE_SECONDS = 30.0


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to post.

    Attributes:
        at_once: requests open at the same time.
        bodies: posted one after the other, from the beginning again after the last when `again`.
        seconds: at most so long.
        per_second: open loop: one every so often, whatever comes back; 0 = as fast as answers come.
    """

    url: str
    target: str
    headers: dict[str, str]
    at_once: int
    bodies: list[str]
    again: bool = True
    seconds: float = 60.0
    per_second: float = 0.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    good: int
    bad: int
    seconds: float
    worst: str = ""

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds


def run(load: Load, *, core: int | None = None) -> Outcome:
    """Post from another process, bound to a core."""
    return finish(start(load, core=core))


def start(load: Load, *, core: int | None = None) -> "subprocess.Popen[bytes]":
    """Begin; `finish` waits for the end."""
    argv = [*(["taskset", "-c", str(core)] if core is not None else []), sys.executable, "-m", "benchmarks.load"]
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if child.stdin is not None:
        child.stdin.write(msgspec.json.encode(load))
        child.stdin.close()
        child.stdin = None
    return child


def finish(child: "subprocess.Popen[bytes]") -> Outcome:
    """Its outcome."""
    output, _ = child.communicate(timeout=300)
    return msgspec.json.decode(output, type=Outcome)


async def _post_all(load: Load) -> Outcome:
    poster = Poster(load.url, headers=load.headers, connections=load.at_once)
    good, bad, worst = 0, 0, ""
    loop = asyncio.get_running_loop()
    began = loop.time()
    ends = began + load.seconds
    bodies = [body.encode() for body in load.bodies]
    turns = _turns(bodies, again=load.again)

    async def one() -> None:
        nonlocal good, bad, worst
        for number, body in turns:
            if load.per_second:
                await asyncio.sleep(max(0.0, began + number / load.per_second - loop.time()))
            if loop.time() >= ends:
                return
            answer = await poster.post(load.target, body, timeout_seconds=_PATIENCE_SECONDS)
            if isinstance(answer, Answer) and 200 <= answer.status < 300:
                good += 1
            else:
                bad, worst = bad + 1, str(answer)[:300]

    await asyncio.gather(*(one() for _ in range(load.at_once)))
    seconds = loop.time() - began
    await poster.close()
    return Outcome(good=good, bad=bad, seconds=seconds, worst=worst)


def _turns(bodies: list[bytes], *, again: bool) -> Iterator[tuple[int, bytes]]:
    number = 0
    while True:
        for body in bodies:
            yield number, body
            number += 1
        if not again:
            return


def main() -> None:
    """Read, post, print."""
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    outcome = uvloop.run(_post_all(load))
    print(msgspec.json.encode(outcome).decode())


if __name__ == "__main__":
    main()
