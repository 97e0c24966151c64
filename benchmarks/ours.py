"""Our subject: one dispatch process, the production code with all its guarantees.

Prints the seconds from the first to the last message, and the CPU seconds of this process in them; with `--sample` also
the share of each part.
"""

import asyncio
import json
import sys
import time

import uvloop

from anclora.kit import collector
from anclora.kit.settings import load_settings
from anclora.runtime import open_runtime
from anclora.workers import dispatching
from benchmarks.cpu import Sampler

_LIMIT_SECONDS = 120.0


async def main() -> None:
    """Dispatch what is queued and print how long it took."""
    async with open_runtime(load_settings()) as runtime:
        await runtime.book.refresh()
        collector.settle()  # as `anclora serve` does
        sampler = Sampler()
        if "--sample" in sys.argv:
            sampler.start()
        began, used = time.perf_counter(), time.process_time()
        async with dispatching(runtime) as dispatcher, asyncio.timeout(_LIMIT_SECONDS):
            # The lanes are asked when nothing is held here: asking costs both servers what is measured.
            while dispatcher.in_flight or (await runtime.queue.stats()).lanes:  # noqa: ASYNC110 - other processes end it
                await asyncio.sleep(0.02)
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
        print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "parts": sampler.stop()}))


if __name__ == "__main__":
    uvloop.run(main())
