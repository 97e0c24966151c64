"""What watches the system hands its signals in here: in its own transaction, in its own words.

Nothing an alert says may keep it from being heard: long words are cut, and signs no line can hold are replaced.
"""

from anclora.incidents.model import Incident, Signal
from anclora.incidents.signal import LINE_CHARS, MOST_LABELS, WORD_CHARS, check_signal, cleared, raised
from anclora.kit.clock import Clock
from anclora.storage.database import Connection


class Intake:
    """Makes incidents of signals, in the transaction of whoever says them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def raised(self, conn: Connection, signal: Signal) -> None:
        """It is so now; the same again changes nothing but the count.

        Raises:
            InvalidError: it has no name, no fingerprint or no zone.
        """
        await self._take(conn, fitted(signal))

    async def cleared(self, conn: Connection, signal: Signal) -> None:
        """It is over since `ends_at`; nothing happens when it was not known."""
        await cleared(conn, _line(signal.fingerprint, WORD_CHARS), self._clock.now(), signal.ends_at)

    async def _take(self, conn: Connection, signal: Signal) -> Incident:
        check_signal(signal)
        return await raised(conn, signal, self._clock.now())


def fitted(signal: Signal) -> Signal:
    """The signal in words that can be stored and told."""
    labels = sorted(signal.labels.items())[:MOST_LABELS]
    name = _line(signal.name, WORD_CHARS)
    return Signal(
        fingerprint=_line(signal.fingerprint, WORD_CHARS),
        name=name,
        severity=signal.severity,
        labels={_line(key, WORD_CHARS): _line(value, WORD_CHARS) for key, value in labels},
        summary=_line(signal.summary, LINE_CHARS) or name,
        starts_at=signal.starts_at,
        ends_at=signal.ends_at,
        source=_line(signal.source, WORD_CHARS),
        runbook_url=signal.runbook_url,
        dashboard=signal.dashboard,
    )


def _line(text: str, limit: int) -> str:
    words = " ".join(text.split())[:limit]
    return words if words.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in words)
