"""Our subject: one dispatch process, the production code with all its guarantees; prints seconds first to last."""

import asyncio
import json
import time

import uvloop

from anclora.kit.settings import load_settings
from anclora.runtime import open_runtime
from anclora.workers import dispatching

_LIMIT_SECONDS = 120.0


async def main() -> None:
    """Dispatch what is queued and print how long it took."""
    async with open_runtime(load_settings()) as runtime:
        await runtime.book.refresh()
        began = time.perf_counter()
        async with dispatching(runtime) as dispatcher, asyncio.timeout(_LIMIT_SECONDS):
            while (await runtime.queue.stats()).lanes or dispatcher.in_flight:  # noqa: ASYNC110 - other processes end it
                await asyncio.sleep(0.05)
        print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    uvloop.run(main())
