"""A server that speaks Meta's Graph API as far as WhatsApp needs it: messages, files, numbers, templates, webhooks.

Answers are the recordings' where they have one (`graph_errors`); lists of numbers and the subscription of a webhook are
documented only.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import msgspec

from anclora.kit.clock import Clock, SystemClock
from anclora.kit.logging import get_logger
from anclora.providers.sandbox.graph_errors import NO_SUCH_FILE, REFUSALS, error_body
from anclora.providers.sandbox.graph_script import GraphScript, GraphTemplate
from anclora.providers.sandbox.graph_sending import send
from anclora.providers.sandbox.graph_world import GraphWorld
from anclora.providers.sandbox.wire import Answer, Request, Server, json_answer
from anclora.providers.sandbox.witness import Witness

log = get_logger(__name__)
VERSION = "v24.0"
_FILES = "files"
_CALLBACK_SECONDS = 5.0
_NO_SUCH_OBJECT = "Unsupported request. Object does not exist, or permissions are missing."


class _RefusedError(Exception):
    """A guard has the answer."""

    def __init__(self, code: int, *, message: str | None = None, subcode: int | None = None) -> None:
        super().__init__(code)
        self.answer = json_answer(REFUSALS[code].status, error_body(code, message=message, subcode=subcode))


class GraphRouter:
    """Answers every request of an account."""

    def __init__(self, world: GraphWorld) -> None:
        self._world = world

    async def __call__(self, request: Request) -> Answer:
        """One request to its answer."""
        try:
            return await self._route(request)
        except _RefusedError as refusal:
            return refusal.answer

    async def _route(self, request: Request) -> Answer:
        parts = urlsplit(request.target)
        names = parts.path.strip("/").split("/")
        if parts.path == "/":
            return json_answer(200, {"graph": "simulator"})
        if names[0] == "sandbox":
            return self._own(request, names[1:])
        if request.headers.get("authorization") != f"Bearer {self._world.script.token}":
            raise _RefusedError(190)
        if len(names) == 3 and names[0].startswith("v"):
            if names[1] in self._world.numbers:
                return await self._number(request, names[1], names[2])
            if names[1] == self._world.script.account:
                return await self._account(request, names[2], parse_qs(parts.query))
        if request.method == "GET" and len(names) == 2 and (names[0] == _FILES or names[1] in self._world.files):
            return self._file(request, names[0], names[1])
        raise _RefusedError(100, message=_NO_SUCH_OBJECT, subcode=33)

    def _file(self, request: Request, part: str, file_id: str) -> Answer:
        """Documented only: where a file is (`/v24.0/<id>`), and, at that address, its bytes."""
        kind, data = self._world.files.get(file_id, ("", b""))
        if not kind:
            return Answer(404)
        if part == _FILES:
            return Answer(200, data, (("content-type", kind),))
        where = {
            "messaging_product": "whatsapp",
            "url": self._world.file_urls.get(file_id) or f"http://{request.headers['host']}/{_FILES}/{file_id}",
            "mime_type": kind,
            "sha256": sha256(data).hexdigest(),
            "file_size": str(len(data)),
            "id": file_id,
        }
        return json_answer(200, where)

    async def _number(self, request: Request, number: str, edge: str) -> Answer:
        if (request.method, edge) == ("POST", "messages"):
            return await send(self._world, number, _json(request), request.gone)
        if (request.method, edge) == ("POST", "media"):
            return self._upload(request)
        raise _RefusedError(100, message=_NO_SUCH_OBJECT, subcode=33)

    async def _account(self, request: Request, edge: str, query: dict[str, list[str]]) -> Answer:
        world = self._world
        match request.method, edge:
            case "GET", "phone_numbers":
                return self._page(edge, query, [_number_row(number) for number in world.numbers.values()])
            case "GET", "message_templates":
                return self._page(
                    edge, query, [_template_row(each, place) for place, each in enumerate(world.templates)]
                )
            case "POST", "message_templates":
                return self._create_template(_json(request))
            case "DELETE", "message_templates":
                name = query.get("name", [""])[0]
                world.templates = [each for each in world.templates if each.name != name]
                return json_answer(200, {"success": True})
            case "POST", "subscribed_apps":
                return await self._subscribe(_json(request))
            case _:
                raise _RefusedError(100, message=_NO_SUCH_OBJECT, subcode=33)

    def _create_template(self, body: dict[str, Any]) -> Answer:
        world = self._world
        if any((each.name, each.language) == (body.get("name"), body.get("language")) for each in world.templates):
            raise _RefusedError(100, message="Content in this language already exists", subcode=2388024)
        made = GraphTemplate(
            name=str(body.get("name")),
            language=str(body.get("language")),
            status="PENDING",
            category=str(body.get("category")),
            components=tuple(body.get("components") or ()),
        )
        world.templates.append(made)
        row = _template_row(made, len(world.templates) - 1)
        return json_answer(200, {"id": row["id"], "status": made.status, "category": made.category})

    def _page(self, edge: str, query: dict[str, list[str]], rows: list[dict[str, Any]]) -> Answer:
        size = min(int(query.get("limit", ["25"])[0]), self._world.script.page_rows)
        first = int(query.get("after", ["0"])[0])
        end = first + size
        paging: dict[str, Any] = {"cursors": {"before": str(first), "after": str(end)}}
        if end < len(rows):
            paging["next"] = f"https://graph.facebook.com/{VERSION}/{self._world.script.account}/{edge}?after={end}"
        return json_answer(200, {"data": rows[first:end], "paging": paging})

    def _upload(self, request: Request) -> Answer:
        head = f"content-type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + request.body)
        parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
        product, file = parts.get("messaging_product"), parts.get("file")
        if product is None or file is None:
            raise _RefusedError(100)
        kind = file.get_content_type()
        if kind == "application/octet-stream":
            raise _RefusedError(100, message=NO_SUCH_FILE)
        file_id = str(1_037_543_291_543_636 + len(self._world.files))
        self._world.files[file_id] = (kind, bytes(file.get_payload(decode=True) or b""))
        return json_answer(200, {"id": file_id})

    async def _subscribe(self, body: dict[str, Any]) -> Answer:
        """As Meta does: the address must answer with the challenge before it is called."""
        url, challenge = str(body.get("override_callback_uri", "")), "1158201444"
        query = {"hub.mode": "subscribe", "hub.verify_token": body.get("verify_token", ""), "hub.challenge": challenge}
        try:
            timeout = aiohttp.ClientTimeout(total=_CALLBACK_SECONDS)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{url}?{urlencode(query)}") as answer,
            ):
                proven = answer.status == 200 and await answer.text() == challenge
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            proven = False
        if not proven:
            raise _RefusedError(100, message="Callback verification failed", subcode=2200)
        self._world.callback = url
        return json_answer(200, {"success": True})

    def _own(self, request: Request, names: list[str]) -> Answer:
        """Handles of the simulator itself: somebody writes, and figures."""
        world = self._world
        if (request.method, names) == ("POST", ["inbound"]):
            body = _json(request)
            number = body.get("number") or next(iter(world.numbers))
            world.receive(number, str(body["from"]), str(body["text"]))
            return json_answer(200, {"success": True})
        if (request.method, names) == ("GET", ["figures"]):
            hooks = world.hooks
            figures = {"sends": world.sends, "delivered": hooks.delivered, "dropped": hooks.dropped, "idle": hooks.idle}
            return json_answer(200, figures)
        raise _RefusedError(100, message=_NO_SUCH_OBJECT, subcode=33)


def _json(request: Request) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise _RefusedError(100)
    return body


def _number_row(number: Any) -> dict[str, Any]:
    return {
        "id": number.id,
        "display_phone_number": number.display,
        "verified_name": number.name,
        "status": number.status,
        "quality_rating": number.quality,
        "throughput": {"level": number.throughput},
        "whatsapp_business_manager_messaging_limit": number.tier,
    }


def _template_row(template: GraphTemplate, place: int) -> dict[str, Any]:
    return {
        "name": template.name,
        "parameter_format": "POSITIONAL",
        "components": list(template.components),
        "language": template.language,
        "status": template.status,
        "category": template.category,
        "id": str(594_425_479_261_596 + place),
    }


class Graph:
    """A running simulator.

    Attributes:
        url: with the version, as `ANCLORA_CLOUD_GRAPH_URL` wants it.
        world: what it knows, for a test that owns it.
    """

    def __init__(self, url: str, world: GraphWorld) -> None:
        self.url = url
        self.world = world


@contextlib.asynccontextmanager
async def running_graph(
    script: GraphScript,
    witness: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    callback: str | None = None,
    clock: Clock | None = None,
) -> AsyncGenerator[Graph, None]:
    """A simulator for the length of a block.

    Args:
        script: what it plays.
        witness: the file that learns what went out; appended to.
        host: to listen on.
        port: to listen on; 0 = a free one.
        clock: where "now" comes from.
        callback: where webhooks go from the start; without it `subscribed_apps` sets it.

    Raises:
        OSError: the address is taken or the witness cannot be written.
    """
    file = Witness(witness)
    world = GraphWorld(script, file, clock or SystemClock())
    world.callback = callback
    server = Server(GraphRouter(world))
    try:
        bound = await server.listen(host, port)
        yield Graph(f"http://{host}:{bound}/{VERSION}", world)
    finally:
        await server.close()
        await world.close()
        file.close()
        await asyncio.sleep(0)
