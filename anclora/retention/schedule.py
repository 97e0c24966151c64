"""Retention by itself, once however many processes run. Off where no target is named."""

import asyncio
import threading

from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, UnavailableError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.retention.house import House, open_house
from anclora.retention.run import archive_due

log = get_logger(__name__)
_AGAIN_SECONDS = 6 * 3_600.0
_ROUND_SECONDS = 6 * 3_600.0


class RetentionChore(Loop):
    """Archives what is past its days.

    Args:
        settings: the ledger, the target and the days.
        clock: the ledger's.

    Raises:
        SetupError: the target is none; refuses to start rather than to fail at night.
    """

    name = "retention"
    chore = "ledger-retention"
    every_seconds = 600.0
    round_timeout_seconds = _ROUND_SECONDS

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._house: House | None = open_house(settings, clock) if settings.retention_url else None
        self._rest_until = float("-inf")
        if self._house is None:
            self.chore = None
            log.info("retention_not_configured")

    async def run_once(self) -> bool:
        """Everything that is due; a month that stays is looked at again after six hours.

        Raises:
            AncloraError: a month stays.
        """
        if self._house is None or self._clock.boot_seconds() < self._rest_until:
            return False
        halt = threading.Event()

        def step(what: str, _done: int, _whole: int | None) -> None:
            if halt.is_set():
                raise UnavailableError(f"Stopped while archiving ({what}).", code="stopped")

        try:
            done = await archive_due(self._house, actor="retention", step=step)
        except asyncio.CancelledError:
            halt.set()  # the thread ends with its next rows
            raise
        for month in done.gone:
            log.info("month_archived", month=month.month, rows={each.table: each.rows for each in month.files})
        for month in done.stayed:
            log.warning("month_stays", month=month.month, code=month.code, error=month.words)
        if done.stayed:
            self._rest_until = self._clock.boot_seconds() + _AGAIN_SECONDS
            raise AncloraError(done.stayed[0].words, code=done.stayed[0].code)
        return False
