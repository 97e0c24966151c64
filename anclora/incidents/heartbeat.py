"""A dead man's switch: an address elsewhere is asked while escalation works, and alarms when it is not any more."""

from urllib.parse import urlsplit

from anclora.kit.errors import UnavailableError
from anclora.kit.logging import get_logger
from anclora.kit.wire import JsonClient

log = get_logger(__name__)
_TIMEOUT_SECONDS = 10.0


class Heartbeat:
    """Asks an address, for example of healthchecks.io or Prometheus' own dead man's switch.

    Args:
        url: GET is enough for all of them; it is a secret, so no log line has more than its host.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._client = JsonClient(f"{parts.scheme}://{parts.netloc}", timeout_seconds=_TIMEOUT_SECONDS)
        self._target = parts.path + (f"?{parts.query}" if parts.query else "")
        self._host = parts.hostname or ""

    async def beat(self) -> bool:
        """Say so, once; whether it was heard."""
        try:
            answer = await self._client.ask("GET", self._target)
        except UnavailableError as error:
            log.warning("heartbeat_unheard", host=self._host, error=error.detail)
            return False
        if not 200 <= answer.status < 300:
            log.warning("heartbeat_unheard", host=self._host, status=answer.status)
            return False
        return True

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
