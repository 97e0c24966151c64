"""Webhook delivery of one number: at least once, unordered, retried as Evolution does it (contract 5.3)."""

import asyncio
from collections import deque
from collections.abc import Mapping

import msgspec

from anclora.kit.backoff import backoff_seconds
from anclora.kit.logging import get_logger
from anclora.providers.sandbox.agenda import Agenda
from anclora.providers.sandbox.line import Line, Origin, connect, origin_of, post_request
from anclora.providers.sandbox.script import Webhooks

log = get_logger(__name__)

_FIRST_WAIT_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 300.0
_FINAL = frozenset({400, 401, 403, 404, 422})


class Delivery(msgspec.Struct, kw_only=True):
    """One webhook on its way. Retries keep the address it had at first.

    Attributes:
        request: the whole HTTP request.
        tries: made so far.
        tried: set after the first try, whatever came of it.
    """

    origin: Origin
    request: bytes
    tries: int = 0
    tried: asyncio.Event | None = None


class Hooks:
    """The deliveries of one number.

    Attributes:
        delivered: answered with 2xx.
        retried: tries that will be repeated.
        dropped: lost for ever: refused for good, tried too often, or no room.
    """

    def __init__(self, agenda: Agenda, rule: Webhooks) -> None:
        self._agenda = agenda
        self._rule = rule
        self._queue: deque[Delivery] = deque()
        self._lines: list[Line] = []
        self._workers: set[asyncio.Task[None]] = set()
        self._closed = False
        self.delivered = 0
        self.retried = 0
        self.dropped = 0

    def push(self, url: str, headers: Mapping[str, str], body: bytes, tried: asyncio.Event | None = None) -> None:
        """Deliver one body. An address or header nobody could send is dropped, as in the server."""
        origin, request = origin_of(url), b""
        try:
            request = post_request(url, headers, body) if origin else b""
        except ValueError as error:
            log.warning("sandbox_webhook_unsendable", error=str(error))
            origin = None
        if origin is None:
            self.dropped += 1
            if tried is not None:
                tried.set()
            return
        self._enqueue(Delivery(origin=origin, request=request, tried=tried))

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being delivered (retries to come do not count)."""
        return not self._queue and not self._workers

    async def close(self) -> None:
        """Stop at once; what is pending is lost, as when the server is stopped."""
        self._closed = True
        self._queue.clear()
        for task in self._workers:
            task.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for line in self._lines:
            line.close()

    def _enqueue(self, delivery: Delivery) -> None:
        if self._closed or len(self._queue) >= self._rule.bound:
            self.dropped += 1
            return
        self._queue.append(delivery)
        if len(self._workers) < self._rule.connections:
            task = asyncio.create_task(self._work(), name="sandbox-hooks")
            self._workers.add(task)
            task.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        line = self._lines.pop() if self._lines else None
        try:
            while self._queue:
                line = await self._deliver(line, self._queue.popleft())
            if line is not None and line.usable and not self._closed:
                self._lines.append(line)
                line = None
        finally:
            if line is not None:
                line.close()

    async def _deliver(self, line: Line | None, delivery: Delivery) -> Line | None:
        """Try once; returns the connection to go on with."""
        status = 0
        delivery.tries += 1
        try:
            async with asyncio.timeout(self._rule.timeout_seconds):
                if line is None or not line.usable or line.origin != delivery.origin:
                    if line is not None:
                        line.close()
                    line = await connect(delivery.origin)
                status = await line.post(delivery.request)
        except (OSError, TimeoutError) as error:
            log.debug("sandbox_webhook_failed", error=repr(error), tries=delivery.tries)
            if line is not None:
                line.close()
                line = None
        if delivery.tried is not None:
            delivery.tried.set()
        self._settle(delivery, status)
        return line

    def _settle(self, delivery: Delivery, status: int) -> None:
        if 200 <= status < 300:
            self.delivered += 1
        elif status in _FINAL or delivery.tries >= self._rule.tries:
            self.dropped += 1
        else:
            self.retried += 1
            wait = backoff_seconds(delivery.tries, base=_FIRST_WAIT_SECONDS, cap=_LONGEST_WAIT_SECONDS)
            self._agenda.after(wait * self._rule.retry_scale, self._enqueue, delivery)
