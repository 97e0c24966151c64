"""Files people sent: Graph tells the address of an id, good for five minutes, and the address hands out the bytes.

Both want the token, so the address is asked only where it is Meta's own. Ids of webhooks are good for seven days (Cloud
API, media reference, November 2026).
"""

import asyncio
from hashlib import sha256
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from anclora.kit.errors import AncloraError, InvalidError, NotFoundError, UnavailableError
from anclora.kit.wire import Answer, JsonClient, shown_url
from anclora.providers.cloud.errors import UNREADABLE, failure_of, read_error
from anclora.providers.contract import FetchedMedia

_HOSTS = (".facebook.com", ".fbcdn.net", ".fbsbx.com", ".whatsapp.net")
_SECONDS = 90.0
_NO_SUCH_OBJECT = 100


class _Where(msgspec.Struct):
    url: str
    mime_type: str | None = None
    sha256: str | None = None
    file_size: int | str | None = None


_where = msgspec.json.Decoder(_Where)


class Downloads:
    """Fetches files.

    Args:
        client: asks Graph.
        url: Graph's.
    """

    def __init__(self, client: JsonClient, url: str) -> None:
        self._client = client
        self._graph = urlsplit(url)
        self._shown = shown_url(url)

    async def fetch(self, instance: str, ref: str, limit_bytes: int) -> FetchedMedia:
        """The file of an id. Raises as `FetchesMedia`."""
        query = urlencode({"phone_number_id": instance})
        answer = await self._client.ask("GET", f"/{quote(ref, safe='')}?{query}")
        if (failure := self._failure(answer)) is not None:
            raise failure
        try:
            where = _where.decode(answer.body)
            size = int(where.file_size or 0)
        except (*UNREADABLE, ValueError) as error:
            raise UnavailableError(f"{self._shown} does not tell where the file is.", code="media_broken") from error
        if size > limit_bytes:
            raise InvalidError(f"The file has {size} bytes; {limit_bytes} are allowed.", code="media_too_large")
        if not self._is_metas(where.url):
            raise UnavailableError(
                f"{self._shown} names an address for the file that is not Meta's; our token does not go there.",
                code="media_elsewhere",
            )
        data = await self._bytes(where.url, limit_bytes)
        if where.sha256 and await asyncio.to_thread(_hash_of, data) != where.sha256.lower():
            raise UnavailableError("The file that came is not the one that Meta named.", code="media_broken")
        return FetchedMedia(data=data, mimetype=where.mime_type)

    async def _bytes(self, url: str, limit_bytes: int) -> bytes:
        try:
            answer = await self._client.ask("GET", url, limit_bytes=limit_bytes, timeout_seconds=_SECONDS)
        except UnavailableError as error:
            if error.code == "answer_too_large":
                raise InvalidError(f"The file has more than {limit_bytes} bytes.", code="media_too_large") from error
            raise
        if answer.status in (404, 410):
            raise _expired()
        if not 200 <= answer.status < 300:
            raise UnavailableError(f"Meta answered {answer.status} instead of the file.", code="media_not_reached")
        return answer.body

    def _failure(self, answer: Answer) -> AncloraError | None:
        error, _ = read_error(answer)
        if error is not None and error.code == _NO_SUCH_OBJECT:
            return _expired()
        return failure_of(answer, self._shown)

    def _is_metas(self, url: str) -> bool:
        parts = urlsplit(url)
        same = (parts.scheme, parts.netloc) == (self._graph.scheme, self._graph.netloc)
        return same or (parts.scheme == "https" and f".{parts.hostname or ''}".endswith(_HOSTS))


def _hash_of(data: bytes) -> str:
    return sha256(data).hexdigest()


def _expired() -> NotFoundError:
    return NotFoundError("Meta has this file no more: what people send is kept for seven days.", code="media_expired")
