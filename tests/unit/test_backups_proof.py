"""Manifests: many are read by threads at once, each as the first of its process."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from anclora.backups.model import Kind, Manifest, Tier
from anclora.backups.proof import written

NAME = "postgres/daily/2026-01-31T040000Z"
_TIMES = 2  # with decoders made at their first use one time in four went well
_READ = """
import sys, threading
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from anclora.backups.proof import parsed

sys.setswitchinterval(1e-6)
data, name, together = Path(sys.argv[1]).read_bytes(), sys.argv[2], threading.Barrier(8)

def read(_):
    together.wait(20)
    return parsed(data, name).name

with ThreadPoolExecutor(8) as threads:
    assert set(threads.map(read, range(8))) == {name}
"""


def test_the_first_manifests_of_a_process_may_be_read_by_several_threads_at_once(tmp_path: Path) -> None:
    at = datetime(2026, 1, 31, 4, tzinfo=UTC)
    manifest = Manifest(name=NAME, kind=Kind.POSTGRES, tier=Tier.DAILY, made_at=at, finished_at=at, data="x", bytes=1,
                        sha256="", plain_bytes=1, unpacked_bytes=1, server="18", revision="1", program="1", key_id="k",
                        prints={})  # fmt: skip
    path = tmp_path / "manifest.json"
    path.write_bytes(written(manifest))
    for _ in range(_TIMES):
        command = [sys.executable, "-c", _READ, str(path), NAME]
        ran = subprocess.run(command, capture_output=True, timeout=30, check=False)
        assert (ran.returncode, ran.stderr) == (0, b"")
