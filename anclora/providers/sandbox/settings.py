"""Settings, proxy and the transports that are switched off (contract 2.7)."""

from collections.abc import Mapping
from typing import Any

from anclora.providers.sandbox import bodies
from anclora.providers.sandbox.wire import Answer, json_answer
from anclora.providers.sandbox.world import Instance, World

_PROXY = ("enabled", "host", "port", "protocol", "username", "password")
_CLOSED_PORT = "9"


def set_settings(_world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /settings/set: the answer shows what came, the row keeps what did not."""
    wanted = {name: body[name] for name in bodies.SETTINGS if name in body}
    instance.settings |= wanted
    return json_answer(201, {"settings": {"instanceName": instance.name, "settings": wanted}})


def find_settings(_world: World, instance: Instance, _body: dict[str, Any]) -> Answer:
    """GET /settings/find."""
    return json_answer(200, instance.settings)


def set_proxy(_world: World, instance: Instance, body: dict[str, Any]) -> Answer:
    """POST /proxy/set: host and port must be there even to switch it off; one it cannot get through is refused."""
    empty = [f'The "{name}" cannot be empty' for name in ("host", "port") if not body.get(name)]
    if empty:
        return json_answer(400, bodies.error(400, [empty]))
    if body["enabled"] and not gets_through(body["host"], body["port"]):
        return json_answer(400, bodies.error(400, ["Invalid proxy"]))
    row = {name: body.get(name) for name in _PROXY}
    instance.proxy = row if body["enabled"] else None
    return json_answer(201, {"proxy": {"instanceName": instance.name, "proxy": row}})


def find_proxy(_world: World, instance: Instance, _body: dict[str, Any]) -> Answer:
    """GET /proxy/find: the row or null."""
    return json_answer(200, instance.proxy)


def gets_through(host: str, port: str) -> bool:
    """Whether the server would get through a proxy; nobody listens on the port of `discard`, nor at names of no one."""
    return port != _CLOSED_PORT and not host.endswith(".invalid")


def switched_off(_world: World, _instance: Instance, _body: dict[str, Any]) -> Answer:
    """GET of a transport that the environment switches off: no body at all."""
    return Answer(200)


def set_switched_off(_world: World, _instance: Instance, _body: dict[str, Any]) -> Answer:
    """POST of the same."""
    return Answer(201)


def disabled(name: str) -> Answer:
    """An integration that is switched off says so."""
    return json_answer(400, bodies.error(400, [f"{name} is disabled"]))


def find_chatwoot(_world: World, _instance: Instance, _body: dict[str, Any]) -> Answer:
    """GET /chatwoot/find."""
    return disabled("Chatwoot")


def find_typebot(_world: World, _instance: Instance, _body: dict[str, Any]) -> Answer:
    """GET /typebot/find."""
    return disabled("Typebot")


def create_problem(body: Mapping[str, Any]) -> str | None:
    """What is wrong with the proxy a new number is to go through."""
    host = body.get("proxyHost")
    return "Invalid proxy" if host and not gets_through(host, str(body.get("proxyPort"))) else None
