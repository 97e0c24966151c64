"""Which request goes where, and the guards in front, in the server's order (contract 1.2)."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from anclora.providers.sandbox import acts, bodies, chat, files, numbers, pairing, schema, schema_sends, settings
from anclora.providers.sandbox.media import UnexpectedFieldError, form_body
from anclora.providers.sandbox.schema_sends import SENDS
from anclora.providers.sandbox.sending import send
from anclora.providers.sandbox.wire import Answer, Request, json_answer
from anclora.providers.sandbox.world import Instance, World

Action = Callable[[World, Instance, dict[str, Any]], Answer | Awaitable[Answer]]


class Route(NamedTuple):
    """An endpoint of one number."""

    action: Action
    wanted: schema.Schema | None = None


_KINDS = {
    "sendText": "text",
    "sendWhatsAppAudio": "audio",
    "sendSticker": "sticker",
    "sendPtv": "ptv",
    "sendLocation": "location",
    "sendContact": "contacts",
    "sendReaction": "reaction",
    "sendPoll": "poll",
    "sendList": "list",
    "sendButtons": "buttons",
    "sendTemplate": "template",
    "sendStatus": "status",
}

_ROUTES = {
    ("GET", "instance", "connectionState"): Route(numbers.state),
    ("GET", "instance", "connect"): Route(numbers.connect),
    ("POST", "instance", "restart"): Route(numbers.restart),
    ("DELETE", "instance", "logout"): Route(numbers.logout),
    ("DELETE", "instance", "delete"): Route(numbers.delete),
    ("POST", "webhook", "set"): Route(numbers.set_webhook, schema.WEBHOOK),
    ("GET", "webhook", "find"): Route(numbers.find_webhook),
    ("POST", "chat", "findMessages"): Route(chat.find_messages, schema.FIND),
    ("POST", "chat", "findStatusMessage"): Route(chat.find_statuses, schema.FIND),
    ("POST", "chat", "whatsappNumbers"): Route(chat.whatsapp_numbers),
    ("POST", "chat", "updateMessage"): Route(acts.edit, schema_sends.EDIT),
    ("DELETE", "chat", "deleteMessageForEveryone"): Route(acts.delete, schema_sends.DELETE),
    ("POST", "chat", "markMessageAsRead"): Route(acts.mark_read, schema_sends.READ),
    ("POST", "chat", "getBase64FromMediaMessage"): Route(files.base64_of),
    ("POST", "chat", "sendPresence"): Route(acts.presence, schema_sends.PRESENCE),
    ("POST", "instance", "setPresence"): Route(numbers.presence, schema.PRESENCE),
    ("POST", "settings", "set"): Route(settings.set_settings, schema.SETTINGS),
    ("GET", "settings", "find"): Route(settings.find_settings),
    ("POST", "proxy", "set"): Route(settings.set_proxy, schema.PROXY),
    ("GET", "proxy", "find"): Route(settings.find_proxy),
    **{("GET", name, "find"): Route(settings.switched_off) for name in ("rabbitmq", "sqs", "pusher")},
    **{("POST", name, "set"): Route(settings.set_switched_off) for name in ("rabbitmq", "sqs")},
    ("GET", "chatwoot", "find"): Route(settings.find_chatwoot),
    ("GET", "typebot", "find"): Route(settings.find_typebot),
    ("POST", "sandbox", "state"): Route(numbers.change_state),
    ("POST", "sandbox", "scan"): Route(pairing.scan),
    ("POST", "sandbox", "dead"): Route(pairing.deaden),
    ("POST", "sandbox", "inbound"): Route(numbers.receive),
}


class _RefusedError(Exception):
    """A guard has the answer."""

    def __init__(self, status: int, content: object) -> None:
        super().__init__(status)
        self.answer = json_answer(status, content)


class Router:
    """Answers every request of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._decode = msgspec.json.Decoder().decode

    async def __call__(self, request: Request) -> Answer:
        """One request to its answer."""
        try:
            return await self._route(request)
        except _RefusedError as refusal:
            return refusal.answer
        except msgspec.ValidationError as error:
            return json_answer(400, bodies.error(400, [str(error)]))

    async def _route(self, request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        parts = path.split("/")[1:]
        if parts[:2] == ["sandbox", "instances"] and len(parts) == 4:
            parts = ["sandbox", parts[3], parts[2]]
        fixed = self._without_number(request, path, query)
        if fixed is not None:
            return fixed
        if len(parts) != 3 or not parts[2]:
            raise _unknown(request)
        group, operation, name = parts
        wanted = SENDS.get(operation) if (request.method, group) == ("POST", "message") else None
        route = _ROUTES.get((request.method, group, operation))
        if wanted is None and route is None:
            raise _unknown(request)
        body = self._body(request)
        if operation == "connect":  # the one place where a query means something
            body |= parse_qsl(query)
        instance = self._instance(name)
        self._authorise(request, instance)
        if wanted is not None:
            _check(wanted, body)
            kind = _KINDS.get(operation) or body["mediatype"]
            return await send(self._world, instance, kind, body, request.gone)
        if route is None:
            raise _unknown(request)
        if route.wanted is not None:
            _check(route.wanted, body)
        answer = route.action(self._world, instance, body)
        return answer if isinstance(answer, Answer) else await answer

    def _without_number(self, request: Request, path: str, query: str) -> Answer | None:
        """The endpoints that have no number in their path."""
        if request.method == "OPTIONS":
            return Answer(204)
        if path == "/" and request.method in {"GET", "HEAD"}:
            return json_answer(200, bodies.welcome())
        world = self._world
        key = request.headers.get("apikey", "")
        if (request.method, path) == ("GET", "/sandbox/figures"):
            self._authorise(request, None)
            return numbers.figures(world)
        if (request.method, path) == ("GET", "/instance/fetchInstances"):
            if key != world.api_key and all(key != instance.token for instance in world.instances.values()):
                raise _RefusedError(401, bodies.error(401, "Unauthorized"))
            return numbers.fetch(world, dict(parse_qsl(query)), key)
        if (request.method, path) == ("POST", "/instance/create"):
            body = self._body(request)
            # A body without a name is looked up as "undefined", and with any number there that name counts as taken.
            name = body.get("instanceName", "undefined")
            if name in world.instances or ("instanceName" not in body and world.instances):
                raise _RefusedError(403, bodies.error(403, [f'This name "{name}" is already in use.']))
            self._authorise(request, None)
            _check(schema.CREATE, body)
            return numbers.create(world, body)
        return None

    def _instance(self, part: str) -> Instance:
        try:
            name = unquote_to_bytes(part).decode() if "%" in part else part
        except UnicodeDecodeError:
            raise _RefusedError(400, bodies.error(500, f"Failed to decode param '{part}'") | {"status": 400}) from None
        instance = self._world.instances.get(name)
        if instance is None:
            raise _RefusedError(404, bodies.error(404, [f'The "{name}" instance does not exist']))
        return instance

    def _authorise(self, request: Request, instance: Instance | None) -> None:
        key = request.headers.get("apikey")
        if not key or (key != self._world.api_key and (instance is None or key != instance.token)):
            raise _RefusedError(401, bodies.error(401, "Unauthorized"))

    def _body(self, request: Request) -> dict[str, Any]:
        """The body as an object; what is no JSON object passes as an empty one, as in the server."""
        kind = request.headers.get("content-type", "application/json")
        if not request.body:
            return {}
        if kind.startswith("multipart/form-data"):
            try:
                return form_body(kind, request.body)
            except UnexpectedFieldError:
                raise _RefusedError(500, bodies.error(500, "Unexpected field")) from None
        if not kind.startswith("application/json"):
            return {}
        try:
            body = self._decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            words = "Unexpected end of JSON input"
            raise _RefusedError(400, bodies.error(500, words) | {"status": 400}) from None
        if not isinstance(body, dict | list):
            words = f"Unexpected token '{request.body[:1].decode()}'"
            raise _RefusedError(400, bodies.error(500, words) | {"status": 400})
        return body if isinstance(body, dict) else {}


def _check(wanted: schema.Schema, body: dict[str, Any]) -> None:
    broken = schema.violations(wanted, body)
    if broken:
        raise _RefusedError(400, bodies.error(400, [broken]))


def _unknown(request: Request) -> _RefusedError:
    return _RefusedError(404, bodies.error(404, [f"Cannot {request.method} {request.target}"]))
