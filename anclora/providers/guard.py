"""The facade every provider call goes through: an overall time-out, a metric, a redacted log line, and no surprises.

Whatever goes wrong inside `send` beyond what the provider foresaw becomes `Unknown`: by then the request may have left.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from prometheus_client import Counter, Histogram

from anclora.kit.clock import Clock
from anclora.kit.deadline import Deadline
from anclora.kit.errors import AncloraError, InvalidError, UnavailableError
from anclora.kit.logging import get_logger, mask_phone
from anclora.kit.metrics import counter, histogram
from anclora.providers.contract import (
    Capabilities,
    Content,
    Event,
    FetchedMedia,
    FetchesMedia,
    FoundMessage,
    HasTemplates,
    HeardPage,
    NumberLimits,
    Outcome,
    Provider,
    ReceiptEvent,
    RemoteInstance,
    RemoteTemplate,
    Sent,
    SharesWebhooks,
    Target,
    TellsLimits,
    Unknown,
)
from anclora.providers.contract.numbers import Numbers, numbers_of
from anclora.providers.guarded_numbers import GuardedNumbers

log = get_logger(__name__)
_debug = logging.getLogger(__name__)  # asked for its level only: cheaper than a log call that writes nothing

_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
REQUEST_SECONDS = histogram(
    "provider_request_seconds",
    "Calls of a provider by outcome: sent, refused, unknown, ok or error.",
    _BUCKETS_SECONDS,
    ("provider", "call", "outcome"),
)
FAILURES = counter(
    "provider_failures_total", "Calls of a provider that did not succeed, by code.", ("provider", "call", "code")
)

T = TypeVar("T")


class GuardedProvider:
    """A provider, guarded. It is one itself.

    Args:
        provider: the real one.
        name: for metrics and logs.
        clock: measures how long calls take.
        send_timeout_seconds: for one send, above the provider's own time-out, which is the one that should fire.
        call_timeout_seconds: for any other call; a look-up is several requests.

    Attributes:
        numbers: what can be done to its numbers, guarded too; None = they are not paired.
    """

    def __init__(
        self,
        provider: Provider,
        name: str,
        clock: Clock,
        *,
        send_timeout_seconds: float = 75.0,
        call_timeout_seconds: float = 120.0,
    ) -> None:
        self._provider = provider
        self._name = name
        self._clock = clock
        self._send_timeout = send_timeout_seconds
        self._call_timeout = call_timeout_seconds
        numbers = numbers_of(provider)
        self.numbers: Numbers | None = None if numbers is None else GuardedNumbers(numbers, self._call)
        self._seconds: dict[tuple[str, str], Histogram] = {}
        self._failures: dict[tuple[str, str], Counter] = {}

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""
        return self._provider.capabilities

    def rendered(self, content: Content) -> Content:
        """The content as it really goes out."""
        return self._provider.rendered(content)

    async def send(self, instance: str, recipient: str, content: Content, *, reference: str) -> Outcome:
        """Send one message. Raises nothing but cancellation."""
        started = self._clock.boot_seconds()
        try:
            with Deadline(self._send_timeout):
                outcome = await self._provider.send(instance, recipient, content, reference=reference)
        except TimeoutError:
            outcome = Unknown(code="provider_timeout", text=f"no outcome within {self._send_timeout:.0f} s")
        except Exception as error:  # the request may have left, so this must end as an outcome
            log.exception("provider_failed", provider=self._name, call="send", instance=instance, message_id=reference)
            outcome = Unknown(code="provider_error", text=type(error).__name__)
        ended = self._ended("send", outcome, started)
        if _debug.isEnabledFor(logging.DEBUG):
            log.debug(
                "provider_exchange",
                provider=self._name,
                call="send",
                instance=instance,
                recipient=mask_phone(recipient),
                kind=type(content).__name__.lower(),
                outcome=ended,
                code=None if isinstance(outcome, Sent) else outcome.code,
                said=None if isinstance(outcome, Sent) else outcome.text,
            )
        return outcome

    async def edit(self, instance: str, recipient: str, target: Target, text: str) -> Outcome:
        """Give an earlier message new words. Raises nothing but cancellation."""
        return await self._act("edit", self._provider.edit(instance, recipient, target, text))

    async def delete(self, instance: str, recipient: str, target: Target) -> Outcome:
        """Take an earlier message back. Raises nothing but cancellation."""
        return await self._act("delete", self._provider.delete(instance, recipient, target))

    async def mark_read(self, instance: str, sender: str, provider_ids: Sequence[str]) -> None:
        """Show a person that their messages were read. Raises `AncloraError`s only."""
        await self._call("mark_read", self._provider.mark_read(instance, sender, provider_ids))

    async def typing(self, instance: str, recipient: str, seconds: float, *, below: str | None = None) -> None:
        """Show a person that we write. Raises `AncloraError`s only."""
        await self._call("typing", self._provider.typing(instance, recipient, seconds, below=below))

    async def check_numbers(self, instance: str, numbers: Sequence[str]) -> Mapping[str, str | None]:
        """Which numbers have WhatsApp. Raises `AncloraError`s only."""
        return await self._call("check_numbers", self._provider.check_numbers(instance, numbers))

    async def list_instances(self) -> Sequence[RemoteInstance]:
        """The numbers the provider knows. Raises `AncloraError`s only."""
        return await self._call("list_instances", self._provider.list_instances())

    async def find_messages(
        self,
        instance: str,
        *,
        since: datetime,
        until: datetime,
        recipient: str | None = None,
        newest: int | None = None,
    ) -> Sequence[FoundMessage]:
        """Own messages of a window. Raises `AncloraError`s only."""
        search = self._provider.find_messages(instance, since=since, until=until, recipient=recipient, newest=newest)
        return await self._call("find_messages", search)

    async def find_receipt(self, instance: str, provider_id: str) -> ReceiptEvent | None:
        """How far a message of ours came. Raises `AncloraError`s only."""
        return await self._call("find_receipt", self._provider.find_receipt(instance, provider_id))

    async def find_heard(self, instance: str, *, since: datetime, until: datetime, page: int = 1) -> HeardPage:
        """A page of what happened to a number in a span of time. Raises `AncloraError`s only."""
        search = self._provider.find_heard(instance, since=since, until=until, page=page)
        return await self._call("find_heard", search)

    async def set_webhook(self, instance: str, *, url: str, secret: str) -> None:
        """Ask for events. Raises `AncloraError`s only."""
        await self._call("set_webhook", self._provider.set_webhook(instance, url=url, secret=secret))

    def variants(self, recipient: str) -> Sequence[str]:
        """Every form in which the provider may report a number, the number itself first."""
        return self._provider.variants(recipient)

    def parse_webhook(self, body: bytes) -> Sequence[Event]:
        """The events in one webhook body. Raises `InvalidError` when it is not the provider's envelope."""
        return self._provider.parse_webhook(body)

    async def _act(self, call: str, work: Awaitable[Outcome]) -> Outcome:
        started = self._clock.boot_seconds()
        try:
            with Deadline(self._send_timeout):
                outcome = await work
        except TimeoutError:
            outcome = Unknown(code="provider_timeout", text=f"no outcome within {self._send_timeout:.0f} s")
        except Exception as error:  # as of a send: the request may have left
            log.exception("provider_failed", provider=self._name, call=call)
            outcome = Unknown(code="provider_error", text=type(error).__name__)
        self._ended(call, outcome, started)
        return outcome

    def _ended(self, call: str, outcome: Outcome, started: float) -> str:
        """Count an outcome; its kind."""
        sent = isinstance(outcome, Sent)
        kind = "sent" if sent else "unknown" if isinstance(outcome, Unknown) else "refused"
        self._count(call, kind, started, None if isinstance(outcome, Sent) else outcome.code)
        return kind

    def unfamiliar(self, body: bytes) -> Sequence[tuple[str, str]]:
        """Members of a webhook body that this version does not know."""
        return self._provider.unfamiliar(body)

    def split_webhook(self, body: bytes) -> Sequence[tuple[str, Sequence[Event]]]:
        """The events in one webhook body by number; of a provider that does not share webhooks, all under ""."""
        if isinstance(self._provider, SharesWebhooks):
            return self._provider.split_webhook(body)
        return [("", self._provider.parse_webhook(body))]

    async def read_limits(self) -> Sequence[NumberLimits]:
        """The limits of every number, or none. Raises `AncloraError`s only."""
        if not isinstance(self._provider, TellsLimits):
            return []
        return await self._call("read_limits", self._provider.read_limits())

    async def fetch_media(self, instance: str, ref: str, *, limit_bytes: int) -> FetchedMedia:
        """A file somebody sent. Raises `AncloraError`s only."""
        if not isinstance(self._provider, FetchesMedia):
            raise InvalidError(f"{self._name} does not hand out the files people send.", code="not_supported")
        return await self._call("fetch_media", self._provider.fetch_media(instance, ref, limit_bytes=limit_bytes))

    async def list_templates(self) -> Sequence[RemoteTemplate]:
        """The templates, or none. Raises `AncloraError`s only."""
        if not isinstance(self._provider, HasTemplates):
            return []
        return await self._call("list_templates", self._provider.list_templates())

    async def _call(self, call: str, work: Awaitable[T]) -> T:
        started = self._clock.boot_seconds()
        code = "cancelled"
        try:
            async with asyncio.timeout(self._call_timeout):
                result = await work
        except TimeoutError as error:
            code = "provider_timeout"
            raise UnavailableError(f"The provider {self._name} did not answer in time.", code=code) from error
        except AncloraError as error:
            code = error.code
            raise
        except Exception as error:  # callers know what to do about an unavailable provider, and about nothing else
            code = "provider_error"
            log.exception("provider_failed", provider=self._name, call=call)
            raise UnavailableError(f"The provider {self._name} failed: {type(error).__name__}.", code=code) from error
        else:
            code = None
            return result
        finally:
            self._count(call, "error" if code else "ok", started, code)
            if _debug.isEnabledFor(logging.DEBUG):
                log.debug("provider_exchange", provider=self._name, call=call, code=code)

    def _count(self, call: str, outcome: str, started: float, code: str | None) -> None:
        seconds = self._seconds.get((call, outcome))
        if seconds is None:
            seconds = self._seconds[call, outcome] = REQUEST_SECONDS.labels(self._name, call, outcome)
        seconds.observe(self._clock.boot_seconds() - started)
        if code is not None:
            failures = self._failures.get((call, code))
            if failures is None:
                failures = self._failures[call, code] = FAILURES.labels(self._name, call, code)
            failures.inc()
