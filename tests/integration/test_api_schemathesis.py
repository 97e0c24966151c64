"""Whatever fits the description of the API, and whatever just misses it, gets an answer of the caller's: never a 5xx.

Schemathesis makes the requests from `/openapi.json` itself: a few for every route, from a fixed seed.
"""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from api_harness import house

from anclora.storage.database import Database

EXAMPLES, SEED = 4, 20_261_127


@pytest.mark.timeout(300)
async def test_no_request_of_the_description_is_too_much(db: Database, redis: Any, tmp_path: Path) -> None:
    async with house(db, redis, media_dir=tmp_path, cloud_app_secret="s", cloud_verify_token="v") as doors:
        argv = [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{doors.address}/openapi.json"),
            *("--header", f"X-API-Key: {doors.key}", "--phases", "examples,fuzzing"),
            *("--max-examples", str(EXAMPLES), "--seed", str(SEED), "--checks", "not_a_server_error"),
            *("--request-timeout", "20", "--workers", "1", "--no-color"),
        ]
        done = await asyncio.to_thread(
            subprocess.run, argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=280
        )
        assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
