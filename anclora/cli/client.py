"""The command line's way to a running server: its own HTTP API, with the key `anclora up` wrote down."""

import http.client
import json
import mimetypes
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlencode

from anclora.cli.actor import ROLE
from anclora.kit.errors import AncloraError, InvalidError, SetupError, UnauthorizedError, UnavailableError

_TIMEOUT_SECONDS = 30.0


def read_env(data_dir: Path) -> dict[str, str]:
    """The values of `<data-dir>/env`, or none."""
    path = data_dir / "env"
    if not path.exists():
        return {}
    pairs = (line.removeprefix("export ").split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs}


class Client:
    """Asks the API.

    Args:
        data_dir: where `anclora up` wrote its env file; `ANCLORA_URL` and `API_KEY` in the environment win.
        timeout_seconds: how long an answer may take.
    """

    def __init__(self, data_dir: Path, *, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        stored = read_env(data_dir)
        self.url = os.environ.get("ANCLORA_URL") or stored.get("ANCLORA_URL") or "http://127.0.0.1:8000"
        self._key = os.environ.get("API_KEY") or stored.get("API_KEY")
        role = os.environ.get(ROLE)
        self._role = {"X-Anclora-Role": role} if role else {}  # the key may be greater than who types

    @property
    def headers(self) -> dict[str, str]:
        """What every request of ours carries: the key, and the role of whoever types where there is one.

        Raises:
            SetupError: there is none.
        """
        if self._key is None:
            raise SetupError(
                "There is no API key. Start `anclora up`, or set API_KEY (make one: `anclora keys create`)."
            )
        return {"X-API-Key": self._key, **self._role}

    def get(self, path: str, query: Mapping[str, str | None]) -> Any:
        """A GET with the query members that are set."""
        return self.call("GET", f"{path}?{urlencode({name: value for name, value in query.items() if value})}")

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, **headers: str) -> Any:
        """One request; the decoded answer.

        Raises:
            AncloraError: the server's own sentence.
            UnavailableError: nobody answers at that address, or somebody else.
            SetupError: there is no API key.
        """
        data = None if body is None else json.dumps(body).encode()
        return self._ask(method, path, data, {"Content-Type": "application/json", **headers})

    def upload(self, file: Path) -> Any:
        """Bring a file; what the server calls it.

        Raises:
            InvalidError: it cannot be read.
            AncloraError: as `call`.
        """
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        try:
            with file.open("rb") as data:
                size = str(file.stat().st_size)
                query = urlencode({"filename": file.name})
                return self._ask("POST", f"/api/v1/media?{query}", data, {"Content-Type": kind, "Content-Length": size})
        except OSError as error:
            raise InvalidError(f"{file} cannot be read: {error.strerror or error}.") from error

    def send(self, path: str, body: bytes, kind: str) -> Any:
        """POST something that is no JSON; the decoded answer. Raises as `call`."""
        return self._ask("POST", path, body, {"Content-Type": kind})

    def fetch(self, path: str) -> bytes:
        """A document as it comes. Raises as `call`."""
        return self._ask("GET", path, None, {}, decode=bytes)

    def text(self, path: str) -> str:
        """The answer to a GET as it is: a sheet. Raises as `call`."""
        return self._ask("GET", path, None, {}, decode=bytes.decode)

    def _ask(
        self,
        method: str,
        path: str,
        data: bytes | BinaryIO | None,
        headers: Mapping[str, str],
        *,
        decode: Callable[[bytes], Any] = lambda body: json.loads(body or b"null"),
    ) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the operator's own address
            self.url + path, method=method, data=data, headers={**self.headers, **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_seconds) as answer:  # noqa: S310 - as above # nosec B310
                return decode(answer.read())
        except urllib.error.HTTPError as error:
            raise _problem(error) from None
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise UnavailableError(f"Nobody answers at {self.url}. Start it with `anclora up`. ({reason})") from None
        except (http.client.HTTPException, ValueError):
            raise self._somebody_else() from None

    def _somebody_else(self) -> UnavailableError:
        return UnavailableError(
            f"What answers at {self.url} is not Anclora. Set ANCLORA_URL, or give the --data-dir of `anclora up`."
        )


def _problem(error: urllib.error.HTTPError) -> AncloraError:
    try:
        document = json.loads(error.read())
    except ValueError:
        document = None
    if not isinstance(document, dict):
        document = {}
    detail = str(document.get("detail") or f"The server answered {error.code}.")
    code = str(document.get("code") or "http_error")
    if error.code == 401:
        return UnauthorizedError(detail, code=code)
    if error.code in (400, 413, 422):
        return InvalidError(detail, code=code, extra=document)
    return AncloraError(detail, code=code, extra=document)
