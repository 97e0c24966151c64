"""What a Graph simulator knows: numbers, templates, files, who wrote last, and where it posts its signed webhooks."""

import asyncio
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import msgspec

from anclora.kit.clock import Clock
from anclora.providers.sandbox.agenda import Agenda
from anclora.providers.sandbox.graph_errors import late_error
from anclora.providers.sandbox.graph_script import GraphNumber, GraphScript, GraphTemplate
from anclora.providers.sandbox.hooks import Hooks
from anclora.providers.sandbox.witness import Sighting, Witness

_WINDOW = timedelta(hours=24)
_STATUSES = {"SERVER_ACK": "sent", "DELIVERY_ACK": "delivered", "READ": "read", "ERROR": "failed"}
_LATE = 131026  # an error receipt of the script
_encode = msgspec.json.Encoder().encode


class GraphWorld:
    """The account.

    Attributes:
        sends: messages taken.
        files: what was uploaded or sent to us: id to (type, bytes).
        file_urls: where a test has Graph say that files are.
        callback: where webhooks go; None = nowhere yet.
        read: ids of messages that were marked as read, and `typing` those that showed typing.
    """

    def __init__(self, script: GraphScript, witness: Witness, clock: Clock) -> None:
        self.script = script
        self.witness = witness
        self.clock = clock
        self.agenda = Agenda()
        self.hooks = Hooks(self.agenda, script.webhooks)
        self.numbers = {number.id: number for number in script.numbers}
        self.templates: list[GraphTemplate] = list(script.templates)
        self.files: dict[str, tuple[str, bytes]] = {}
        self.file_urls: dict[str, str] = {}
        self.callback: str | None = None
        self.failures: dict[tuple[str, str], int] = {}
        self.heard: dict[str, datetime] = {}
        self.read: list[str] = []
        self.typing: list[str] = []
        self.replied: set[str] = set()
        self.arrivals = 0
        self.sends = 0

    async def close(self) -> None:
        """Stop everything; what is pending is lost."""
        self.agenda.close()
        await self.hooks.close()

    def window_open(self, recipient: str) -> bool:
        """Whether a free message may go to this person."""
        last = self.heard.get(recipient)
        return last is not None and last > self.clock.now() - _WINDOW

    def witness_saw(self, number: str, recipient: str, text: str, provider_id: str, *, times: int) -> None:
        """A message went out."""
        seen = Sighting(at=self.clock.now(), instance=number, recipient=recipient, text=text, id=provider_id)
        for _ in range(times):
            self.witness.saw(seen)

    def status(
        self,
        number: str,
        recipient: str,
        provider_id: str,
        word: str,
        reference: str | None,
        code: int = 0,
        tried: asyncio.Event | None = None,
    ) -> None:
        """Post how far a message came: a word of the script, and for an error its code (0 = the usual one).

        `tried` is set when the first try of the webhook is over.
        """
        status: dict[str, Any] = {
            "id": provider_id,
            "status": _STATUSES[word],
            "timestamp": self._seconds(),
            "recipient_id": recipient,
        }
        if reference is not None:
            status["biz_opaque_callback_data"] = reference
        if word == "ERROR":
            status["errors"] = [late_error(code or _LATE)]
        else:
            status["pricing"] = {"billable": True, "pricing_model": "PMP", "category": "utility"}
        self.post([self.change(number, {"statuses": [status]})], tried)

    def receive(self, number: str, sender: str, text: str, name: str = "Ana") -> None:
        """Somebody writes to a number."""
        self.heard[sender] = self.clock.now()
        message = {
            "from": sender,
            "id": wamid(),
            "timestamp": self._seconds(),
            "type": "text",
            "text": {"body": text},
        }
        people = [{"profile": {"name": name}, "wa_id": sender}]
        self.post([self.change(number, {"contacts": people, "messages": [message]})])

    def receive_file(self, number: str, sender: str, data: bytes, mimetype: str, *, kind: str = "image") -> str:
        """Somebody sends a file; its id."""
        file_id = str(2_621_233_374_848_975 + len(self.files))
        self.files[file_id] = (mimetype, data)
        file = {"id": file_id, "mime_type": mimetype, "sha256": sha256(data).hexdigest()}
        message = {"from": sender, "id": wamid(), "timestamp": self._seconds(), "type": kind, kind: file}
        people = [{"profile": {"name": "Ana"}, "wa_id": sender}]
        self.post([self.change(number, {"contacts": people, "messages": [message]})])
        return file_id

    def change(self, number: str, value: dict[str, Any]) -> dict[str, Any]:
        """A change of the field `messages`."""
        metadata = {"display_phone_number": digits(self.numbers[number]), "phone_number_id": number}
        return {"value": {"messaging_product": "whatsapp", "metadata": metadata, **value}, "field": "messages"}

    def post(self, changes: Sequence[dict[str, Any]], tried: asyncio.Event | None = None) -> None:
        """Post one webhook with these changes, signed."""
        entry = {"id": self.script.account, "changes": list(changes)}
        body = _encode({"object": "whatsapp_business_account", "entry": [entry]})
        if self.callback is None:
            if tried is not None:
                tried.set()
            return
        proof = hmac.new(self.script.app_secret.encode(), body, sha256).hexdigest()
        self.hooks.push(self.callback, {"x-hub-signature-256": f"sha256={proof}"}, body, tried)

    def _seconds(self) -> str:
        return str(int(self.clock.now().timestamp()))


def wamid() -> str:
    """A message id of the form Graph gives."""
    return f"wamid.{uuid4().hex.upper()}=="


def digits(number: GraphNumber) -> str:
    """The digits of a number as it is shown."""
    return "".join(filter(str.isdigit, number.display))
