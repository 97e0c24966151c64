"""Shipping by itself: each hour, on every machine, by one process of it. Off where no folder or no bucket is named."""

import asyncio
import contextlib
import fcntl
import os
import socket
from collections.abc import Generator
from pathlib import Path

from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, InvalidError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.logs.ship import Shipped, ship
from anclora.logs.store import LogStore

log = get_logger(__name__)
_LOCK = ".anclora-ship.lock"
_AGAIN_SECONDS = 600.0


class LogShipping(Loop):
    """Brings closed days to the bucket, and lets those go that are old here and proved there.

    Args:
        settings: the folder, the bucket, and how long a shipped file stays here.
        clock: says which days are closed.
    """

    name = "log_shipping"
    chore = "log-shipping"
    every_seconds = 3_600.0
    round_timeout_seconds = 3_600.0

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._settings = settings
        self._clock = clock
        self._rest_until = float("-inf")
        if settings.log_dir is None or settings.logs_bucket is None:
            self.chore = None

    async def run_once(self) -> bool:
        """Ship what is closed; nothing while another process of this machine does.

        Raises:
            AncloraError: the folder or the bucket does not do it; it is tried again after ten minutes.
        """
        folder, bucket = self._settings.log_dir, self._settings.logs_bucket
        if folder is None or bucket is None or self._clock.boot_seconds() < self._rest_until:
            return False
        try:
            done = await asyncio.to_thread(self._ship, folder, bucket)
        except AncloraError:
            self._rest_until = self._clock.boot_seconds() + _AGAIN_SECONDS
            raise
        if done is not None:
            gone = sum(line.pruned for line in done.lines)
            new = sum(line.did == "shipped" for line in done.lines)
            if new or gone:
                log.info("logs_shipped", files=new, removed_here=gone)
        return False

    def _ship(self, folder: Path, bucket: str) -> Shipped | None:
        with _alone(folder) as alone:
            if not alone:
                return None
            store = LogStore(bucket, self._settings.logs_prefix)
            try:
                return ship(
                    store,
                    folder,
                    self._clock.now(),
                    host=socket.gethostname().partition(".")[0],
                    local_days=self._settings.log_local_days,
                    really=True,
                    done=lambda: None,
                )
            finally:
                store.close()


@contextlib.contextmanager
def _alone(folder: Path) -> Generator[bool, None, None]:
    """Whether no other process of this machine ships this folder now; held until the block or the process ends."""
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InvalidError(
            f"The folder {folder} cannot be used: {error.strerror}. Mend ANCLORA_LOG_DIR.", code="no_folder"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
