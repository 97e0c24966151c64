"""Where a message really went: WhatsApp may know a number by another spelling than the one it was sent to.

Both stay: the message keeps the number that was asked for, and its contact gets the other as an address. So an answer
from there, or an opt-out, is the same person's.
"""

from collections.abc import Iterable, Sequence

from anclora.contacts import Evidence, resolve
from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError
from anclora.kit.logging import get_logger
from anclora.messages.attempt import Result
from anclora.providers.contract import Sent
from anclora.storage.database import Database

log = get_logger(__name__)
_REMEMBERED = 50_000
Pair = tuple[str, str]


def went_elsewhere(batch: Iterable[Result]) -> list[Pair]:
    """The numbers asked for and those they turned out to be, where they differ."""
    return [
        (result.intent.recipient, outcome.recipient)
        for result in batch
        if isinstance(outcome := result.outcome, Sent)
        and outcome.recipient is not None
        and outcome.recipient != result.intent.recipient
        and outcome.recipient.isdigit()
    ]


class Resolved:
    """Learns such pairs, each once a process."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._known: set[Pair] = set()

    async def learn(self, pairs: Sequence[Pair]) -> None:
        """Write down what is new. Without a ledger it is told again by the next message to that person."""
        now = self._clock.now()
        news = sorted({pair for pair in pairs if pair not in self._known and pair[0].isdigit()})
        if not news:
            return
        evidence = [
            Evidence(addresses=(f"phone:{asked}", f"phone:{found}"), at=now, why=f"a message to {asked} went there")
            for asked, found in news
        ]
        try:
            async with self._db.transaction() as conn:
                await resolve(conn, evidence)
        except UnavailableError as error:
            log.warning("address_not_learnt", error=error.detail, count=len(news))
            return
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        self._known.update(news)
