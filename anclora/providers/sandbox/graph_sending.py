"""One send through the Graph simulator, with everything its script lets happen on the way."""

import asyncio
import contextlib
from typing import Any, NamedTuple, cast

from anclora.providers.sandbox.faults import Fate, decide, on_whatsapp, reply
from anclora.providers.sandbox.graph_errors import REFUSALS, error_body
from anclora.providers.sandbox.graph_script import GRAPH_FAULTS, GraphFault
from anclora.providers.sandbox.graph_world import GraphWorld, wamid
from anclora.providers.sandbox.wire import RESET, Answer, json_answer

_EARLY_SECONDS = 0.5
_REMEMBERED_FAILURES = 200_000
_FILES = ("image", "video", "audio", "document", "sticker")
_TYPES = frozenset({*_FILES, "text", "location", "contacts", "reaction", "interactive", "template"})


class _Outgoing(NamedTuple):
    """One message on its way; `text` is what the witness sees and the script decides by."""

    number: str
    recipient: str
    kind: str
    text: str
    reference: str | None


async def send(world: GraphWorld, number: str, body: dict[str, Any], gone: asyncio.Event) -> Answer:
    """Play one `POST /{phone_number_id}/messages`. `gone` is set when the client has closed the connection."""
    if body.get("messaging_product") != "whatsapp":
        return _refuse(100)
    if body.get("status") == "read":
        world.read.append(str(body.get("message_id")))
        if "typing_indicator" in body:
            world.typing.append(str(body.get("message_id")))
        return json_answer(200, {"success": True})
    code = _problem(world, body)
    if code is not None:
        return _refuse(code)
    recipient = str(body["to"])
    message = _Outgoing(
        number, recipient, body["type"], _text_of(body), cast("str | None", body.get("biz_opaque_callback_data"))
    )
    world.arrivals += 1
    fate = decide(world.script, recipient, message.text, nth=world.arrivals)
    if fate.latency_seconds:
        await asyncio.sleep(fate.latency_seconds)
    if not on_whatsapp(world.script, recipient):
        return _refuse(131026)
    if isinstance(fate.fault, GraphFault) and _strikes(world, message, fate.fault):
        return await _fail(world, message, fate, fate.fault, gone)
    tried = asyncio.Event() if fate.early and fate.receipts else None
    answer = json_answer(200, _go_out(world, message, fate, tried=tried))
    if tried is not None:
        await _settled(tried, _EARLY_SECONDS)
    return answer


def _problem(world: GraphWorld, body: dict[str, Any]) -> int | None:
    """The code of what is wrong with a body."""
    kind = body.get("type", "text")
    part = body.get(kind)
    if kind not in _TYPES:
        return 131051
    if not body.get("to") or not isinstance(part, dict | list):
        return 131008
    if kind == "template":
        return _template_problem(world, cast("dict[str, Any]", part))
    if kind in _FILES and isinstance(part, dict):
        known = part.get("id")
        if (known is None) == (part.get("link") is None) or (known is not None and known not in world.files):
            return 131053
    if kind == "text" and isinstance(part, dict) and not part.get("body"):
        return 131008
    return 131047 if world.script.enforce_window and not world.window_open(str(body["to"])) else None


def _template_problem(world: GraphWorld, part: dict[str, Any]) -> int | None:
    language = (part.get("language") or {}).get("code")
    found = [each for each in world.templates if (each.name, each.language) == (part.get("name"), language)]
    if not found or found[0].status == "PENDING":
        return 132001
    stopped = {"PAUSED": 132015, "DISABLED": 132016}.get(found[0].status)
    if stopped is not None:
        return stopped
    wanted = sum(each.get("text", "").count("{{") for each in found[0].components if each.get("type") == "BODY")
    given = sum(len(each["parameters"]) for each in part.get("components", ()) if each.get("type") == "body")
    return 132000 if wanted != given else None


def _text_of(body: dict[str, Any]) -> str:
    kind, part = body["type"], body[body["type"]]
    match kind:
        case "text":
            found = part["body"]
        case "template" | "location":
            found = part.get("name")
        case "interactive":
            found = part.get("body", {}).get("text")
        case "reaction":
            found = part.get("emoji")
        case "contacts":
            found = ", ".join(card["name"]["formatted_name"] for card in part)
        case _:
            found = part.get("caption") or part.get("filename")
    return str(found or "")


def _refuse(code: int) -> Answer:
    return json_answer(REFUSALS[code].status, error_body(code))


def _strikes(world: GraphWorld, message: _Outgoing, fault: GraphFault) -> bool:
    """Whether the fault still has a failure left for this message; counts it."""
    key = (message.recipient, message.text)
    failed = world.failures.get(key, 0)
    if failed >= fault.times:
        return False
    if len(world.failures) >= _REMEMBERED_FAILURES:
        world.failures.pop(next(iter(world.failures)))
    world.failures[key] = failed + 1
    return True


async def _fail(world: GraphWorld, message: _Outgoing, fate: Fate, fault: GraphFault, gone: asyncio.Event) -> Answer:
    headers = (("retry-after", fault.retry_after),) if fault.retry_after is not None else ()
    if fault.code is not None and fault.late:
        return json_answer(200, _go_out(world, message, fate, late=fault.code))
    if fault.code is not None:
        return _refuse(fault.code)._replace(headers=headers)
    kind = GRAPH_FAULTS[fault.kind]
    if kind.out:
        _go_out(world, message, fate, record=fault.record)
    if kind.page:
        return Answer(kind.status, kind.page.encode(), headers=headers, cut=kind.cut)
    if kind.hold:
        await _settled(gone, fault.hold_seconds)
    return RESET


def _go_out(
    world: GraphWorld,
    message: _Outgoing,
    fate: Fate,
    *,
    record: bool = True,
    late: int = 0,
    tried: asyncio.Event | None = None,
) -> dict[str, Any]:
    """The message leaves: witness, statuses, reply. A late refusal shows in no witness. Returns the answer."""
    provider_id = wamid()
    world.sends += 1
    number, recipient, reference = message.number, message.recipient, message.reference
    if late:
        world.agenda.after(0.0, world.status, number, recipient, provider_id, "ERROR", reference, late)
    else:
        times = 0 if fate.swallowed else 2 if fate.doubled else 1
        world.witness_saw(number, recipient, message.text, provider_id, times=times)
        for place, receipt in enumerate(fate.receipts if record else ()):
            told = (number, recipient, provider_id, receipt.status, reference)
            for _ in range(receipt.posts):
                if tried is not None and place == 0:
                    world.status(*told, tried=tried)
                else:
                    world.agenda.after(receipt.after_seconds, world.status, *told)
        _reply(world, message)
    taken: dict[str, Any] = {"id": provider_id}
    if message.kind == "template":
        taken["message_status"] = "accepted"
    people = [{"input": recipient, "wa_id": recipient}]
    return {"messaging_product": "whatsapp", "contacts": people, "messages": [taken]}


def _reply(world: GraphWorld, message: _Outgoing) -> None:
    answer = reply(world.script, message.recipient)
    if answer is not None and message.recipient not in world.replied:
        world.replied.add(message.recipient)
        text, delay = answer
        world.agenda.after(delay, world.receive, message.number, message.recipient, text)


async def _settled(event: asyncio.Event, timeout_seconds: float) -> None:
    """Wait for an event, but not for ever."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            await event.wait()
