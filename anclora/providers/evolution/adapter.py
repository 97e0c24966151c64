"""Evolution API as a provider: the hot send on our own transport, everything else on aiohttp."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError
from anclora.kit.http import Poster
from anclora.kit.wire import Answer, JsonClient, shown_url
from anclora.providers.contract import (
    Capabilities,
    Content,
    Event,
    FetchedMedia,
    FoundMessage,
    HeardPage,
    Outcome,
    ReceiptEvent,
    RemoteInstance,
    Target,
)
from anclora.providers.evolution import acts, drift, history, hook_row, jids, media, payloads, shapes, webhook
from anclora.providers.evolution.errors import failure_of, outcome_of
from anclora.providers.evolution.limits import CAPABILITIES
from anclora.providers.evolution.number_row import instance_in
from anclora.providers.evolution.numbers import EvolutionNumbers
from anclora.providers.evolution.rendering import rendered

_PAGE_ROWS = 100
_PAGES = 20


class _Record(msgspec.Struct):
    key: shapes.Key
    message: msgspec.Raw = shapes.EMPTY
    messageTimestamp: int | float | str | shapes.Long | None = None  # noqa: N815 - the wire's name


class _Page(msgspec.Struct):
    records: list[_Record]
    pages: int = 1


class _Found(msgspec.Struct):
    messages: _Page


_found = msgspec.json.Decoder(_Found)


class EvolutionProvider:
    """One Evolution API server.

    Args:
        url: its address, with a path prefix if it has one.
        key: its global key, sent as `apikey`.
        clock: time for events that carry none.
        connections: sends open at once.
        connect_timeout_seconds: to open a connection.
        send_timeout_seconds: for one send; the server answers within about 60 s of its own time-outs. We never ask
            the server to delay a message, so there is nothing to add.
        call_timeout_seconds: for any other request.

    Attributes:
        numbers: what can be done to its numbers.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        clock: Clock,
        connections: int = 64,
        connect_timeout_seconds: float = 5.0,
        send_timeout_seconds: float = 60.0,
        call_timeout_seconds: float = 30.0,
    ) -> None:
        headers = {"apikey": key}
        self._shown = shown_url(url)
        self._clock = clock
        self._send_timeout = send_timeout_seconds
        self._poster = Poster(
            url, headers=headers, connections=connections, connect_timeout_seconds=connect_timeout_seconds
        )
        self._client = JsonClient(
            url,
            headers=headers,
            connect_timeout_seconds=connect_timeout_seconds,
            timeout_seconds=call_timeout_seconds,
        )
        self.numbers = EvolutionNumbers(self._ask, self._shown)

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return CAPABILITIES

    def rendered(self, content: Content) -> Content:
        """The content as it goes out: buttons and lists as numbered text, unless forced."""
        return rendered(content)

    async def send(self, instance: str, recipient: str, content: Content, *, reference: str) -> Outcome:
        """Send one message, once. The server has no place for a reference of ours."""
        del reference
        target, body = payloads.send_request(instance, recipient, content)
        return outcome_of(await self._poster.post(target, body, timeout_seconds=self._send_timeout), self._clock.now())

    async def edit(self, instance: str, recipient: str, target: Target, text: str) -> Outcome:
        """Give a message of ours new words, once."""
        return await self._act("POST", *payloads.edit_request(instance, recipient, target, text), target)

    async def delete(self, instance: str, recipient: str, target: Target) -> Outcome:
        """Take a message of ours back for everybody, once. A second time is answered like the first."""
        return await self._act("DELETE", *payloads.delete_request(instance, recipient, target), target)

    async def mark_read(self, instance: str, sender: str, provider_ids: Sequence[str]) -> None:
        """Show a person that their messages were read.

        Raises:
            UnavailableError: no answer, or the number is not connected.
            NotFoundError: there is no such instance.
        """
        await self._ask("POST", *payloads.read_request(instance, sender, provider_ids), instance=instance)

    async def typing(self, instance: str, recipient: str, seconds: float, *, below: str | None = None) -> None:
        """Show a person that we write. The server answers when the time is over, so this takes as long.

        Raises:
            UnavailableError: no answer, or the number is not connected.
            InvalidError: the person has no WhatsApp.
            NotFoundError: there is no such instance.
        """
        del below
        await self._ask("POST", *payloads.typing_request(instance, recipient, seconds=seconds), instance=instance)

    async def check_numbers(self, instance: str, numbers: Sequence[str]) -> Mapping[str, str | None]:
        """Which numbers have WhatsApp, one request for all: the digits it knows each by, None = it has none.

        Raises:
            UnavailableError: no answer, or the number is not connected.
            InvalidError: the channel of the instance has no such question.
            NotFoundError: there is no such instance.
        """
        request = payloads.numbers_request(instance, numbers)
        answer = await self._client.ask("POST", *request)
        if (failure := acts.numbers_failure(answer, self._shown, instance)) is not None:
            raise failure
        return acts.numbers_in(self._json(answer), numbers)

    async def list_instances(self) -> Sequence[RemoteInstance]:
        """The numbers the server knows, both row shapes (v2 flat, v1.8 below `instance`).

        Raises:
            UnavailableError: no answer, or none of Evolution API's.
            UnauthorizedError: the key is wrong.
        """
        rows = self._json(await self._ask("GET", "/instance/fetchInstances"))
        if not isinstance(rows, list):
            raise UnavailableError(f"{self._shown} does not answer like Evolution API.", code="provider_not_found")
        return [found for row in rows if (found := instance_in(row)) is not None]

    async def find_messages(
        self,
        instance: str,
        *,
        since: datetime,
        until: datetime,
        recipient: str | None = None,
        newest: int | None = None,
    ) -> Sequence[FoundMessage]:
        """Own messages of a window, newest first. To anybody: the newest 2,000 at most. To one recipient: all.

        With `newest` no more than so many rows are asked for under each address.

        Raises:
            UnavailableError: the look-up does not answer, or one recipient's window is too big to be read whole: an
                incomplete look-up must not pass for a proof of absence.
            NotFoundError: there is no such instance.
        """
        found: dict[str, FoundMessage] = {}
        size = min(newest or _PAGE_ROWS, _PAGE_ROWS)
        for jid in jids.addresses(recipient):
            for page in range(1, _PAGES + 1):
                request = payloads.find_request(instance, jid=jid, since=since, until=until, page=page, size=size)
                rows = self._page(await self._ask("POST", *request, instance=instance))
                found |= {
                    row.key.id: FoundMessage(
                        provider_id=row.key.id,
                        recipient=row.key.peer,
                        fingerprint=shapes.fingerprint_in(row.message),
                        at=shapes.moment_of(row.messageTimestamp) or since,
                    )
                    for row in rows.records
                    if row.key.id and row.key.fromMe is not False
                }
                if page >= rows.pages or newest is not None:
                    break
            else:
                if recipient is not None:
                    raise UnavailableError(f"{instance}: too many messages in the window to look through.")
        return sorted(found.values(), key=lambda message: message.at, reverse=True)

    async def find_receipt(self, instance: str, provider_id: str) -> ReceiptEvent | None:
        """How far a message came, as the server stored it; None = nothing stored (or storing is switched off there).

        Raises:
            UnavailableError: the look-up does not answer.
            NotFoundError: there is no such instance.
        """
        answer = await self._ask("POST", *payloads.status_request(instance, provider_id), instance=instance)
        return webhook.receipt_in(self._json(answer), provider_id)

    async def find_heard(self, instance: str, *, since: datetime, until: datetime, page: int = 1) -> HeardPage:
        """A page of a number's stored messages, newest first. Raises `UnavailableError` or `NotFoundError`."""
        request = payloads.find_request(instance, since=since, until=until, page=page, size=_PAGE_ROWS, own=False)
        answer = await self._ask("POST", *request, instance=instance)
        return history.page_of(answer.body, page, self._clock.now(), self._shown)

    async def fetch_media(self, instance: str, ref: str, *, limit_bytes: int) -> FetchedMedia:
        """A file somebody sent, by the id of its message. Raises `AncloraError`s."""
        answer = await self._client.ask("POST", *media.request(instance, ref), **media.bounds(limit_bytes))
        if (failure := media.failure_in(answer) or failure_of(answer, self._shown, instance)) is not None:
            raise failure
        return await asyncio.to_thread(media.file_in, answer, limit_bytes, self._shown)

    async def set_webhook(self, instance: str, *, url: str, secret: str) -> None:
        """Ask for the events this version reads, at `url`, with the secret as a header.

        Raises:
            InvalidError: the URL would be accepted and never called, or the server refuses it.
            NotFoundError: there is no such instance.
            UnavailableError: no answer, or the server has webhooks switched off.
        """
        await self.numbers.set_webhook(instance, url=url, secret=secret)

    async def find_webhook(self, instance: str) -> hook_row.Webhook | None:
        """Where the events of an instance go now; None = nowhere.

        Raises:
            NotFoundError: there is no such instance.
            UnavailableError: no answer.
        """
        return hook_row.read(
            self._json(await self._ask("GET", payloads.path("webhook/find", instance), instance=instance))
        )

    def variants(self, recipient: str) -> Sequence[str]:
        """Every form in which events and look-ups may name a recipient, the given one first."""
        return jids.variants(recipient)

    def parse_webhook(self, body: bytes) -> Sequence[Event]:
        """The events in one webhook body. Raises `InvalidError` when it is not the envelope."""
        return webhook.parse(body, self._clock.now())

    def unfamiliar(self, body: bytes) -> Sequence[tuple[str, str]]:
        """Members of a webhook body that this version does not know."""
        return drift.unfamiliar(body)

    async def close(self) -> None:
        """Close the connections; stop the callers first."""
        await self._poster.close()
        await self._client.close()

    async def _act(self, method: str, path: str, body: bytes, target: Target) -> Outcome:
        try:
            answer = await self._client.ask(method, path, body)
        except UnavailableError as error:
            return acts.unanswered(error)
        return acts.outcome_of(answer, target)

    async def _ask(self, method: str, target: str, body: bytes | None = None, *, instance: str | None = None) -> Answer:
        answer = await self._client.ask(method, target, body)
        if (failure := failure_of(answer, self._shown, instance)) is not None:
            raise failure
        return answer

    def _json(self, answer: Answer) -> Any:
        """The decoded body; a zero-length one, which switched-off transports answer, is None."""
        if not answer.body:
            return None
        try:
            return msgspec.json.decode(answer.body)
        except shapes.UNREADABLE as error:
            raise UnavailableError(f"{self._shown} sent an answer that is not JSON.") from error

    def _page(self, answer: Answer) -> _Page:
        try:
            return _found.decode(answer.body).messages
        except shapes.UNREADABLE as error:
            raise UnavailableError(f"{self._shown} sent a look-up in a form nobody knows.") from error
