"""The message of a verification that runs by itself: sent by a process of its own, whose figures are nobody's.

A dispatcher over a restored ledger counts, logs and remembers like any other; inside a running server it would be taken
for it. So a program of a moment does it and says only what was wrong. It ends with us, and after its time.
"""

import asyncio
import contextlib
import os
import signal
import sys

import msgspec

from anclora.storage.embedded import Urls
from anclora.storage.embedded.process import tied_command

_PROGRAM = "from anclora.cli.backup_trial import main; main()"
_SECONDS = 120.0
_WORDS = 300
_OURS = "PROMETHEUS_MULTIPROC_DIR"  # what this machine's processes count together


async def send_apart(servers: Urls) -> str:
    """Send a message through a restored ledger; what was wrong, empty = it went out, once.

    Args:
        servers: of a moment, with the ledger in them; they reach the program by its input, which nobody can read.
    """
    process = await asyncio.create_subprocess_exec(
        *tied_command([sys.executable, "-c", _PROGRAM], end_signal=signal.SIGKILL),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != _OURS},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            said, words = await process.communicate(msgspec.json.encode(servers))
    except TimeoutError:
        return f"no message went through it: its trial did not end within {_SECONDS:.0f} s"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == 0:
        with contextlib.suppress(msgspec.MsgspecError):
            return msgspec.json.decode(said, type=str)
    last = words.decode(errors="replace").strip().rpartition("\n")[2][:_WORDS]
    return f"no message went through it: its trial ended with {process.returncode} ({last or 'it said nothing'})"
