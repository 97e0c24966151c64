"""The facade every channel is behind: an overall time-out, a metric, a redacted log line, and no surprises."""

from collections.abc import Sequence

from anclora.kit.clock import Clock
from anclora.kit.deadline import Deadline
from anclora.kit.logging import get_logger
from anclora.kit.severity import Severity
from anclora.notify import metrics
from anclora.notify.contract import Channel, Delivered, Outcome, Outgoing, Refused, Unknown

log = get_logger(__name__)


class GuardedChannel:
    """A channel, guarded. It is one itself.

    Args:
        channel: the real one.
        name: for metrics and logs.
        clock: measures how long it takes.
        timeout_seconds: for one notice with its files.
    """

    def __init__(self, channel: Channel, name: str, clock: Clock, *, timeout_seconds: float = 90.0) -> None:
        self._channel = channel
        self._name = name
        self._clock = clock
        self._timeout = timeout_seconds
        self.gap_seconds = channel.gap_seconds
        self.kinds = channel.kinds

    def targets(self, severity: Severity) -> Sequence[str]:
        """Who hears of this."""
        return self._channel.targets(severity)

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Tell one target. Raises nothing but cancellation."""
        started = self._clock.boot_seconds()
        try:
            with Deadline(self._timeout):
                outcome = await self._channel.send(outgoing)
        except TimeoutError:
            outcome = Unknown(code="channel_timeout", text=f"no outcome within {self._timeout:.0f} s")
        except Exception as error:  # it may have left, so this must end as an outcome
            log.exception("channel_failed", channel=self._name, notice=str(outgoing.id))
            outcome = Unknown(code="channel_error", text=type(error).__name__)
        if not isinstance(outcome, Delivered):
            metrics.FAILURES.labels(self._name).inc()
        kind = type(outcome).__name__.lower()
        metrics.SECONDS.labels(self._name, kind).observe(self._clock.boot_seconds() - started)
        log.info(
            "notice_sent" if isinstance(outcome, Delivered) else "notice_not_sent",
            channel=self._name,
            target=masked(outgoing.target),
            notice=str(outgoing.id),
            outcome=kind,
            code=None if isinstance(outcome, Delivered) else outcome.code,
            permanent=outcome.permanent if isinstance(outcome, Refused) else None,
            left_out=len(outcome.left_out) if isinstance(outcome, Delivered) else None,
        )
        return outcome

    async def close(self) -> None:
        """Close the real one's connections."""
        await self._channel.close()


def masked(target: str) -> str:
    """A target for logs: of an address only its first letter and its domain, of a number only its end."""
    if target.startswith("+"):
        return f"…{target[-3:]}"
    name, at, domain = target.rpartition("@")
    return f"{name.rpartition('<')[2][:1]}…@{domain.rstrip('>')}" if at else target
