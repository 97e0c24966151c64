"""Meta's Cloud API as a provider: the hot send on our own transport, everything else on aiohttp.

A number's name is its phone number id: requests and webhooks name it so, and no process needs a map.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, InvalidError, UnavailableError
from anclora.kit.http import Poster
from anclora.kit.wire import JsonClient, shown_url
from anclora.providers.cloud import numbers, payloads, webhook
from anclora.providers.cloud.capabilities import CAPABILITIES
from anclora.providers.cloud.downloads import Downloads
from anclora.providers.cloud.errors import UNREADABLE, failure_of, outcome_of
from anclora.providers.cloud.media import Files, Uploads
from anclora.providers.contract import (
    Capabilities,
    Content,
    Event,
    Fault,
    FetchedMedia,
    FoundMessage,
    HeardPage,
    Media,
    NumberLimits,
    Outcome,
    ReceiptEvent,
    Refused,
    RemoteInstance,
    RemoteTemplate,
    Scope,
    Target,
    Template,
)
from anclora.providers.contract.spelling import variants

_PAGE_ROWS = 100
_PAGES = 100
_FRESH = timedelta(minutes=10)
_encode = msgspec.json.Encoder().encode

T = TypeVar("T")


class _Cursors(msgspec.Struct):
    after: str | None = None


class _Paging(msgspec.Struct):
    cursors: _Cursors | None = None
    next: str | None = None


class _Page(msgspec.Struct):
    data: list[msgspec.Raw]
    paging: _Paging | None = None


_page = msgspec.json.Decoder(_Page)
_number = msgspec.json.Decoder(numbers.Number)
_template = msgspec.json.Decoder(numbers.TemplateRow)


class CloudProvider:
    """One WhatsApp Business Account.

    Args:
        url: Graph's, with the version.
        token: of a system user with whatsapp_business_messaging and whatsapp_business_management.
        account: the id of the WhatsApp Business Account.
        verify_token: what Meta shows when it asks whether a webhook's address is ours.
        clock: time for messages that carry none.
        files: reads the files that are stored here.
        connections: sends open at once.
        connect_timeout_seconds: to open a connection.
        send_timeout_seconds: for one send.
        call_timeout_seconds: for any other request, an upload included.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        account: str,
        verify_token: str,
        clock: Clock,
        files: Files | None = None,
        connections: int = 64,
        connect_timeout_seconds: float = 5.0,
        send_timeout_seconds: float = 60.0,
        call_timeout_seconds: float = 60.0,
    ) -> None:
        headers = {"authorization": f"Bearer {token}"}
        self._shown = shown_url(url)
        self._account = account
        self._verify_token = verify_token
        self._clock = clock
        self._send_timeout = send_timeout_seconds
        self._poster = Poster(
            url, headers=headers, connections=connections, connect_timeout_seconds=connect_timeout_seconds
        )
        self._client = JsonClient(
            url, headers=headers, connect_timeout_seconds=connect_timeout_seconds, timeout_seconds=call_timeout_seconds
        )
        self._downloads = Downloads(self._client, url)
        self._uploads = Uploads(self._client, self._shown, files)
        self._templates: tuple[datetime, Mapping[tuple[str, str], RemoteTemplate]] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return CAPABILITIES

    async def send(self, instance: str, recipient: str, content: Content, *, reference: str) -> Outcome:
        """Send one message, once; our reference comes back with every status. A file is uploaded first."""
        uploaded: dict[Media, str] = {}
        for media in payloads.files_of(content):
            if media.url is None:
                found = await self._uploads.id_of(instance, media, self._clock.now())
                if isinstance(found, Refused):
                    return found
                uploaded[media] = found
        try:
            kinds = await self._button_kinds(content)
            body = payloads.message_body(recipient, content, reference=reference, uploaded=uploaded, button_kinds=kinds)
        except InvalidError as error:
            return _impossible(error.detail, error.code)
        except AncloraError as error:
            return Refused(scope=Scope.MESSAGE, code="template_unreadable", text=error.detail[:250])
        result = await self._poster.post(f"/{instance}/messages", _encode(body), timeout_seconds=self._send_timeout)
        return outcome_of(result, self._clock.now())

    async def list_instances(self) -> Sequence[RemoteInstance]:
        """The account's numbers.

        Raises:
            UnavailableError: no answer, or none of Graph's.
            UnauthorizedError, ForbiddenError: the token is wrong, or may not.
        """
        return [numbers.instance_of(each) for each in await self._numbers()]

    async def read_limits(self) -> Sequence[NumberLimits]:
        """Quality, throughput and tier of the account's numbers. Raises as `list_instances`."""
        return [numbers.limits_of(each) for each in await self._numbers()]

    async def list_templates(self) -> Sequence[RemoteTemplate]:
        """The account's templates in every language. Raises as `list_instances`."""
        rows = await self._all("message_templates", numbers.TEMPLATE_FIELDS, _template)
        found = [numbers.template_of(row) for row in rows]
        self._templates = (self._clock.now(), {(each.name, each.language): each for each in found})
        return found

    async def find_messages(
        self,
        instance: str,
        *,
        since: datetime,
        until: datetime,
        recipient: str | None = None,
        newest: int | None = None,
    ) -> Sequence[FoundMessage]:
        """Raise `UnavailableError`: the Cloud API has no look-up."""
        del instance, since, until, recipient, newest
        raise UnavailableError("The Cloud API cannot be asked for past messages.", code="not_supported")

    async def find_receipt(self, instance: str, provider_id: str) -> ReceiptEvent | None:
        """None: the Cloud API tells how far a message came only by its webhooks."""
        del instance, provider_id
        return None

    async def find_heard(self, instance: str, *, since: datetime, until: datetime, page: int = 1) -> HeardPage:
        """Raise `UnavailableError`: the Cloud API has no look-up."""
        del instance, since, until, page
        raise UnavailableError("The Cloud API cannot be asked for past messages.", code="not_supported")

    async def set_webhook(self, instance: str, *, url: str, secret: str) -> None:
        """Ask for the account's events at `url`; Meta calls it with our verify token before it agrees.

        The secret is not used: webhooks are signed with the app's secret.

        Raises:
            InvalidError: Meta would not call the address, or it did not answer with the challenge.
            UnavailableError: no answer.
        """
        del instance, secret
        if url.startswith("http://") and self._shown.startswith("https://"):
            raise InvalidError(f"Meta calls only https addresses, not {shown_url(url)}. Set ANCLORA_PUBLIC_URL.")
        body = _encode({"override_callback_uri": url, "verify_token": self._verify_token})
        answer = await self._client.ask("POST", f"/{self._account}/subscribed_apps", body)
        if (failure := failure_of(answer, self._shown)) is not None:
            raise failure

    def variants(self, recipient: str) -> Sequence[str]:
        """Every form in which Meta may report a number, the number itself first."""
        return variants(recipient)

    def parse_webhook(self, body: bytes) -> Sequence[Event]:
        """The events in one webhook body, of all its numbers. Raises `InvalidError` when it is not the envelope."""
        return [event for _, events in self.split_webhook(body) for event in events]

    def unfamiliar(self, body: bytes) -> Sequence[tuple[str, str]]:
        """None: Meta adds members with each of its versions, and we name the version we speak."""
        del body
        return ()

    def split_webhook(self, body: bytes) -> Sequence[tuple[str, Sequence[Event]]]:
        """The events in one webhook body by phone number id; "" = the account's. Raises as `parse_webhook`."""
        return webhook.split(body, self._clock.now())

    def rendered(self, content: Content) -> Content:
        """What is shown: the content itself."""
        return content

    async def edit(self, instance: str, recipient: str, target: Target, text: str) -> Outcome:
        """Refused: the Cloud API cannot change a message."""
        del instance, recipient, target, text
        return _impossible("The Cloud API cannot change a message that was sent.")

    async def delete(self, instance: str, recipient: str, target: Target) -> Outcome:
        """Refused: the Cloud API cannot take a message back."""
        del instance, recipient, target
        return _impossible("The Cloud API cannot take back a message that was sent.")

    async def mark_read(self, instance: str, sender: str, provider_ids: Sequence[str]) -> None:
        """Mark messages of a person as read, which marks the earlier ones too. Raises `AncloraError`s."""
        del sender
        for provider_id in provider_ids[-1:]:
            await self._post(f"/{instance}/messages", payloads.read_body(provider_id))

    async def typing(self, instance: str, recipient: str, seconds: float, *, below: str | None = None) -> None:
        """Show that we write below a message of theirs, for 25 s at most; it counts as read. Raises `AncloraError`s."""
        del recipient, seconds
        if below is not None:
            await self._post(f"/{instance}/messages", payloads.read_body(below, typing=True))

    async def fetch_media(self, instance: str, ref: str, *, limit_bytes: int) -> FetchedMedia:
        """A file somebody sent, by the id its webhook named. Raises `AncloraError`s."""
        return await self._downloads.fetch(instance, ref, limit_bytes)

    async def check_numbers(self, instance: str, numbers: Sequence[str]) -> Mapping[str, str | None]:
        """Raise `InvalidError`: the Cloud API does not tell who has WhatsApp."""
        del instance, numbers
        raise InvalidError(
            "The Cloud API cannot tell who has WhatsApp; send, and its answer says.", code="not_supported"
        )

    async def close(self) -> None:
        """Close the connections; stop the callers first."""
        await self._poster.close()
        await self._client.close()

    async def _button_kinds(self, content: Content) -> tuple[str, ...]:
        if not isinstance(content, Template) or not any(content.buttons):
            return ()
        now = self._clock.now()
        if self._templates is None or self._templates[0] + _FRESH < now:
            await self.list_templates()
        known = self._templates[1].get((content.name, content.language)) if self._templates else None
        return numbers.button_kinds(known.components) if known else ()

    async def _numbers(self) -> list[numbers.Number]:
        return await self._all("phone_numbers", numbers.FIELDS, _number)

    async def _all(self, edge: str, fields: str, decoder: msgspec.json.Decoder[T]) -> list[T]:
        """Every row of an edge of the account, page by page."""
        found: list[T] = []
        query = {"fields": fields, "limit": str(_PAGE_ROWS)}
        for _ in range(_PAGES):
            answer = await self._client.ask("GET", f"/{self._account}/{edge}?{urlencode(query)}")
            if (failure := failure_of(answer, self._shown)) is not None:
                raise failure
            try:
                page = _page.decode(answer.body)
                found += [decoder.decode(row) for row in page.data]
            except UNREADABLE as error:
                raise UnavailableError(
                    f"{self._shown} does not answer like Graph.", code="provider_not_found"
                ) from error
            after = page.paging.cursors.after if page.paging and page.paging.cursors and page.paging.next else None
            if after is None:
                return found
            query["after"] = after
        raise UnavailableError(f"{self._shown} has more {edge} than {_PAGES} pages.")

    async def _post(self, target: str, body: Mapping[str, Any]) -> None:
        answer = await self._client.ask("POST", target, _encode(body))
        if (failure := failure_of(answer, self._shown)) is not None:
            raise failure


def _impossible(text: str, code: str = "not_supported") -> Refused:
    return Refused(scope=Scope.MESSAGE, code=code, text=text, permanent=True, fault=Fault.CALLER, before_send=True)
