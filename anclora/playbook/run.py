"""Running a routine: every check at once, each bounded, each by itself: one that fails hides no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

import psycopg
from redis.exceptions import RedisError

from anclora.kit.errors import AncloraError
from anclora.kit.ids import new_id
from anclora.kit.logging import get_logger
from anclora.playbook.book import BOOK
from anclora.playbook.errors import NoDataError, NotConfiguredError
from anclora.playbook.ledger import SCHEDULE, earlier_runs, keep
from anclora.playbook.model import Check, Checklist, Result, Run, Verdict
from anclora.playbook.rules import earlier_of, judge, usual, without_data
from anclora.playbook.sources import QUERIES, Parts, Reading
from anclora.storage.database import Connection

log = get_logger(__name__)
_CHECK_SECONDS = 30.0
_CHARS = 300
Also = Callable[[Connection, Run], Awaitable[object]]
_AWAY = (RedisError, OSError, psycopg.Error)


def printable(text: str) -> str:
    """One line that can be stored and shown: names of files and events are anybody's, and may hold any character."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:_CHARS]


class Playbook:
    """Runs routines over parts that are running.

    Args:
        parts: what is looked at.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    async def run(
        self, checklist: Checklist, *, actor: str, slot: tuple[UUID, datetime] | None = None, also: Also | None = None
    ) -> Run:
        """Measure, judge, and write it down with the evidence.

        Args:
            checklist: which routine.
            actor: who runs it.
            slot: the row claimed for the moment it was due, when it runs by itself.
            also: what is written with the run or not at all: whoever is told.

        Raises:
            UnavailableError: the ledger is away, so nothing could be written down.
        """
        parts, started_at = self.parts, self.parts.now
        earlier = await earlier_runs(parts.db, checklist, started_at, zone=parts.settings.timezone)
        results = await asyncio.gather(*(self.check(each, earlier) for each in BOOK[checklist].check))
        run = Run(
            id=slot[0] if slot else new_id(),
            checklist=checklist,
            due_at=slot[1] if slot else None,
            started_at=started_at,
            ended_at=max(parts.now, started_at),
            actor=SCHEDULE if slot else actor,
            commit=parts.commit,
            results=results,
        )
        async with parts.db.transaction() as conn:
            if await keep(conn, run) and also is not None:
                await also(conn, run)
        return run

    async def check(self, check: Check, earlier: Sequence[Run] = ()) -> Result:
        """One check, beside what it measured in earlier runs. It never takes longer than half a minute."""
        at, began_seconds = self.parts.now, self.parts.clock.boot_seconds()
        reading, verdict, reason = await self._read(check)
        return Result(
            check=check.id,
            verdict=verdict,
            value=reading.value if reading else None,
            usual=usual(earlier_of(earlier, check.id)),
            facts=[printable(fact) for fact in reading.facts] if reading else [],
            reason=printable(reason),
            at=at,
            took_ms=round((self.parts.clock.boot_seconds() - began_seconds) * 1000, 1),
        )

    async def _read(self, check: Check) -> tuple[Reading | None, Verdict, str]:
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                reading = await QUERIES[check.query](self.parts)
        except NotConfiguredError as error:
            return None, Verdict.NOT_CONFIGURED, error.detail
        except NoDataError as error:
            return None, without_data(check), error.detail
        except TimeoutError:
            return None, Verdict.UNKNOWN, f"no answer within {_CHECK_SECONDS:.0f} s"
        except AncloraError as error:
            return None, Verdict.UNKNOWN, error.detail
        except _AWAY as error:
            log.warning("check_not_measured", check=check.id, error=repr(error)[:200])
            return None, Verdict.UNKNOWN, f"{type(error).__name__}: not measured"
        return reading, judge(check, reading.value), ""
