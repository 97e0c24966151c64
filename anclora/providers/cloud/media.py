"""Files for Graph: uploaded once, then named by the id it gave, which stays good for 30 days (media reference)."""

import base64
import binascii
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec

from anclora.kit.errors import AncloraError, UnavailableError
from anclora.kit.wire import Answer, JsonClient
from anclora.providers.cloud.errors import UNREADABLE, classify, failure_of
from anclora.providers.contract import Fault, Media, Refused, Scope

Files = Callable[[str], Awaitable[bytes]]
"""Reads a file stored here by its SHA-256. Raises `AncloraError`s."""

_GOOD_FOR = timedelta(days=29)
_REMEMBERED = 10_000
_UNKNOWN_TYPE = "application/octet-stream"


class _Id(msgspec.Struct):
    id: str


class _Known(NamedTuple):
    id: str
    until: datetime


_id = msgspec.json.Decoder(_Id)


class Uploads:
    """Uploads files and remembers what Graph calls them.

    Args:
        client: asks Graph.
        files: reads those that are stored here; None = there are none.
    """

    def __init__(self, client: JsonClient, shown: str, files: Files | None) -> None:
        self._client = client
        self._shown = shown
        self._files = files
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    async def id_of(self, instance: str, media: Media, now: datetime) -> str | Refused:
        """The id of a file, uploaded now if need be; or why the message with it is refused: it was not sent."""
        try:
            content = await self._bytes(media)
        except (binascii.Error, ValueError):
            return _refused("media_not_usable", "The file is not base64.", permanent=True)
        except AncloraError as error:
            return _refused(error.code, error.detail)
        # The type is part of what Graph keeps.
        key = (instance, sha256((media.mimetype or "").encode() + b"\0" + content).hexdigest())
        known = self._known.get(key)
        if known is not None and known.until > now:
            return known.id
        found = await self._upload(instance, media, content, now)
        if isinstance(found, str):
            self._known[key] = _Known(found, now + _GOOD_FOR)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    async def _upload(self, instance: str, media: Media, content: bytes, now: datetime) -> str | Refused:
        try:
            answer = await self._post(instance, media, content)
        except UnavailableError as error:
            return _refused("upload_failed", error.detail)
        if (failure := failure_of(answer, self._shown)) is not None:
            outcome = classify(answer, now)
            # Only the upload is in doubt then: the message itself was never asked for.
            return outcome if isinstance(outcome, Refused) else _refused("upload_failed", failure.detail)
        try:
            return _id.decode(answer.body).id
        except UNREADABLE:
            return _refused("upload_failed", f"{self._shown} answered an upload without an id.")

    async def _bytes(self, media: Media) -> bytes:
        if media.stored is not None:
            if self._files is None:
                raise UnavailableError("No file is stored here.", code="file_not_stored")
            return await self._files(media.stored)
        return base64.b64decode(media.base64 or "", validate=True)

    async def _post(self, instance: str, media: Media, content: bytes) -> Answer:
        mimetype = media.mimetype or _UNKNOWN_TYPE
        boundary, body = form({"messaging_product": "whatsapp", "type": mimetype}, media.filename, mimetype, content)
        kind = f"multipart/form-data; boundary={boundary}"
        return await self._client.ask("POST", f"/{instance}/media", body, content_type=kind)


def form(fields: dict[str, str], filename: str | None, mimetype: str, content: bytes) -> tuple[str, bytes]:
    """Boundary and bytes of a form with one file (RFC 7578)."""
    boundary = secrets.token_hex(16)
    name = (filename or "file").replace('"', "%22").replace("\r", "").replace("\n", "")
    parts = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n'
        f"content-type: {mimetype}\r\n\r\n"
    )
    return boundary, ("".join(parts) + head).encode() + content + f"\r\n--{boundary}--\r\n".encode()


def _refused(code: str, text: str, *, permanent: bool = False) -> Refused:
    fault = Fault.CALLER if permanent else Fault.PROVIDER
    return Refused(scope=Scope.MESSAGE, code=code, text=text[:250], permanent=permanent, fault=fault)
