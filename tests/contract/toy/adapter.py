"""The toy provider: `POST /{number}/send` with `{"to", "text", "ref"}`, answered with `{"id"}` or `{"no": why}`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from anclora.kit.clock import Clock
from anclora.kit.errors import InvalidError, UnauthorizedError, UnavailableError
from anclora.kit.http import Answer, MaybeSent, NotSent, Poster
from anclora.kit.wire import JsonClient
from anclora.providers.contract import (
    Capabilities,
    Content,
    Event,
    Fault,
    FoundMessage,
    HeardPage,
    InboundEvent,
    OtherEvent,
    Outcome,
    ReceiptEvent,
    Refused,
    RemoteInstance,
    Scope,
    Sent,
    Target,
    Text,
    Unknown,
)

_REFUSALS: Mapping[str, Refused] = {
    "nobody": Refused(scope=Scope.RECIPIENT, code="nobody", text="", permanent=True, fault=Fault.RECIPIENT),
    "busy": Refused(scope=Scope.LANE, code="busy_there", text=""),
}


class ToyProvider:
    """One toy server."""

    capabilities = Capabilities(
        text_chars=500,
        caption_chars=0,
        media_bytes={},
        mimetypes={},
        client_reference="echo",
        find_messages=False,
        absence_proves=False,
    )

    def __init__(self, url: str, key: str, *, clock: Clock, send_timeout_seconds: float = 5.0) -> None:
        headers = {"x-toy-key": key}
        self._clock, self._timeout = clock, send_timeout_seconds
        self._poster = Poster(url, headers=headers, connections=4)
        self._client = JsonClient(url, headers=headers)

    async def send(self, instance: str, recipient: str, content: Content, *, reference: str) -> Outcome:
        if not isinstance(content, Text):
            return Refused(
                scope=Scope.MESSAGE, code="not_supported", text="The toy carries words only.", permanent=True
            )
        body = msgspec.json.encode({"to": recipient, "text": content.text, "ref": reference})
        result = await self._poster.post(f"/{instance}/send", body, timeout_seconds=self._timeout)
        if isinstance(result, NotSent):
            return Refused(scope=Scope.LANE, code=f"not_reached_{result.code}", text=result.reason, before_send=True)
        if isinstance(result, MaybeSent):
            return Unknown(code=f"no_answer_{result.code}", text=result.reason)
        said = _read(result)
        if said.get("id"):
            return Sent(provider_id=said["id"])
        return _REFUSALS.get(str(said.get("no")), Unknown(code="unclear_answer", text=str(result.status)))

    async def list_instances(self) -> Sequence[RemoteInstance]:
        answer = await self._client.ask("GET", "/numbers")
        if answer.status == 401:
            raise UnauthorizedError("The toy does not accept TOY_KEY.")
        return [RemoteInstance(name=name, state="open") for name in _read(answer).get("numbers", [])]

    async def find_messages(
        self,
        instance: str,
        *,
        since: datetime,
        until: datetime,
        recipient: str | None = None,
        newest: int | None = None,
    ) -> Sequence[FoundMessage]:
        raise UnavailableError("The toy cannot be asked for past messages.")

    async def find_receipt(self, instance: str, provider_id: str) -> ReceiptEvent | None:
        return None

    async def find_heard(self, instance: str, *, since: datetime, until: datetime, page: int = 1) -> HeardPage:
        raise UnavailableError("The toy cannot be asked for past messages.")

    async def set_webhook(self, instance: str, *, url: str, secret: str) -> None:
        await self._client.ask("POST", "/hook", msgspec.json.encode({"url": url}))

    def variants(self, recipient: str) -> Sequence[str]:
        return (recipient,)

    def parse_webhook(self, body: bytes) -> Sequence[Event]:
        try:
            said = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidError("This is no webhook of the toy.") from error
        match said:
            case {"receipt": str(provider_id), "rank": int(rank), "ref": str(reference)}:
                return (ReceiptEvent(provider_id=provider_id, rank=rank, reference=reference),)
            case {"id": str(provider_id), "from": str(sender), "text": str(text)}:
                return (InboundEvent(provider_id=provider_id, sender=sender, text=text, at=self._clock.now()),)
            case _:
                return (OtherEvent(kind="toy"),)

    def unfamiliar(self, body: bytes) -> Sequence[tuple[str, str]]:
        return ()

    def rendered(self, content: Content) -> Content:
        return content

    async def edit(self, instance: str, recipient: str, target: Target, text: str) -> Outcome:
        return _impossible("The toy cannot edit.")

    async def delete(self, instance: str, recipient: str, target: Target) -> Outcome:
        return _impossible("The toy cannot delete.")

    async def mark_read(self, instance: str, sender: str, provider_ids: Sequence[str]) -> None:
        del instance, sender, provider_ids

    async def typing(self, instance: str, recipient: str, seconds: float, *, below: str | None = None) -> None:
        del instance, recipient, seconds, below

    async def check_numbers(self, instance: str, numbers: Sequence[str]) -> Mapping[str, str | None]:
        raise InvalidError("The toy does not tell.", code="not_supported")

    async def close(self) -> None:
        await self._poster.close()
        await self._client.close()


def _read(answer: Answer) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _impossible(text: str) -> Refused:
    return Refused(scope=Scope.MESSAGE, code="not_supported", text=text, permanent=True)
