"""The numbers of a sandbox: their state, their rows and the events they post."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from anclora.kit.clock import Clock
from anclora.providers.sandbox import bodies
from anclora.providers.sandbox.agenda import Agenda
from anclora.providers.sandbox.hooks import Hooks
from anclora.providers.sandbox.schema import EVENTS
from anclora.providers.sandbox.script import Number, Script
from anclora.providers.sandbox.store import Row, Store
from anclora.providers.sandbox.witness import Witness

# Closes that need a new pairing (contract 6.5); after all others the server reconnects by itself.
FINAL_REASONS = frozenset({401, 402, 403, 406})
RECONNECT_SECONDS = 0.15
_LONGEST_PAUSE_SECONDS = 600.0

_ENCODER = msgspec.json.Encoder()


class Webhook(msgspec.Struct, kw_only=True, rename="camel"):
    """The webhook row of a number, with the names it is read by."""

    id: str
    url: str
    headers: dict[str, str] | None
    enabled: bool
    events: list[str]
    webhook_by_events: bool
    webhook_base64: bool
    created_at: str
    updated_at: str
    instance_id: str


class Envelope(msgspec.Struct):
    """What is around every event (contract 5.4)."""

    event: str
    instance: str
    data: Any
    destination: str
    date_time: str
    server_url: str
    apikey: None
    sender: str | msgspec.UnsetType = msgspec.UNSET


class Instance:
    """One number.

    Attributes:
        state: of the connection, as connectionState tells it.
        stored_state: as fetchInstances tells it: it lags (contract 2.4).
        sends: messages that went out.
        contacts: recipients that wrote so far.
        deleted: messages taken back for everybody.
        read: messages of others that were marked as read.
        files: what people sent, by `fileSha256` of its message: type and bytes.
        paired: whether it has the credentials of a phone; without them it needs a code to be scanned.
        socket: whether it ever tried to connect; before, sends fail in other words.
        qr: the last codes it showed.
        round: of codes, counted.
        dead_restarts: restarts until WhatsApp is heard again; 0 = it is.
    """

    def __init__(self, number: Number, *, agenda: Agenda, script: Script, now: datetime) -> None:
        self.name = number.name
        self.id = bodies.instance_id()
        self.token = number.token or bodies.instance_id().upper()
        self.integration = number.integration
        self.number: str | None = None
        self.business_id: str | None = None
        self.owner_jid = f"{number.owner}@s.whatsapp.net" if self.baileys and number.state == "open" else None
        self.future_owner_jid = f"{number.owner}@s.whatsapp.net"
        self.state = number.state
        self.stored_state = number.state
        self.paired = number.paired
        self.socket = True
        self.qr: Any = None
        self.round = 0
        self.dead_restarts = 0
        self.withheld: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self.proxy: dict[str, Any] | None = None
        self.settings = dict(bodies.SETTINGS)
        self.settings_id = bodies.row_id()
        self.webhook: Webhook | None = None
        self.store = Store(self.id, bound=script.stored_messages)
        self.hooks = Hooks(agenda, script.webhooks)
        self.created_at = bodies.instant(now)
        self.sends = 0
        self.contacts: set[str] = set()
        self.replied: set[str] = set()
        self.deleted: set[str] = set()
        self.read: set[str] = set()
        self.files: dict[str, tuple[str, bytes]] = {}

    @property
    def baileys(self) -> bool:
        """Whether it is a paired phone; the other channels have no connection to lose."""
        return self.integration == "WHATSAPP-BAILEYS"


class World:
    """All numbers, and what they share.

    Attributes:
        instances: by name.
        arrivals: send requests that reached a connected number.
        failures: how often a message (recipient, text) has met its fault.
        url: of this server, shown in webhooks.
    """

    def __init__(self, script: Script, witness: Witness, clock: Clock, *, api_key: str) -> None:
        self.script = script
        self.witness = witness
        self.clock = clock
        self.api_key = api_key
        self.agenda = Agenda()
        self.arrivals = 0
        self.failures: dict[tuple[str, str], int] = {}
        self.url = ""
        self.instances: dict[str, Instance] = {}
        # A deleted number still has webhooks under way: whoever ever delivered is closed at the end.
        self._hooks: list[Hooks] = []
        for number in script.instances:
            self.add(number)

    def add(self, number: Number) -> Instance:
        """A new number."""
        instance = Instance(number, agenda=self.agenda, script=self.script, now=self.clock.now())
        self.instances[number.name] = instance
        self._hooks.append(instance.hooks)
        return instance

    def remove(self, instance: Instance) -> None:
        """Forget a number; webhooks already under way still go out."""
        del self.instances[instance.name]

    async def pause(self, seconds: float) -> None:
        """A wait inside a request, bounded."""
        await asyncio.sleep(min(max(seconds, 0.0), _LONGEST_PAUSE_SECONDS))

    async def close(self) -> None:
        """Stop everything; what is pending is lost."""
        self.agenda.close()
        for hooks in self._hooks:
            await hooks.close()

    def set_webhook(self, instance: Instance, wanted: Mapping[str, Any], *, events: list[str]) -> Webhook:
        """Store the webhook of a number. Members left out keep their value (contract 5.1)."""
        now = bodies.instant(self.clock.now())
        old = instance.webhook
        instance.webhook = Webhook(
            id=old.id if old else bodies.row_id(),
            url=wanted["url"],
            headers=wanted.get("headers", old.headers if old else None),
            enabled=wanted["enabled"],
            events=(events or list(EVENTS)) if wanted["enabled"] else [],
            webhook_by_events=wanted.get("byEvents", old.webhook_by_events if old else False),
            webhook_base64=wanted.get("base64", old.webhook_base64 if old else False),
            created_at=old.created_at if old else now,
            updated_at=now,
            instance_id=instance.id,
        )
        return instance.webhook

    def emit(self, instance: Instance, event: str, data: Any, tried: asyncio.Event | None = None) -> None:
        """Post an event to the webhook of a number, if it asked for it.

        `tried` is set when the first try is over, or at once when there is nothing to post.
        """
        hook = instance.webhook
        if hook is None or not hook.enabled or _config_name(event) not in hook.events:
            if tried is not None:
                tried.set()
            return
        envelope = Envelope(
            event=event,
            instance=instance.name,
            data=data,
            destination=hook.url,
            date_time=bodies.instant(self.clock.now()),
            server_url=self.url,
            apikey=None,
            sender=instance.owner_jid or msgspec.UNSET,
        )
        url = f"{hook.url}/{event.replace('.', '-')}" if hook.webhook_by_events else hook.url
        instance.hooks.push(url, hook.headers or {}, _ENCODER.encode(envelope), tried)

    def open(self, instance: Instance) -> None:
        """Connected."""
        instance.state = instance.stored_state = "open"
        instance.owner_jid = instance.future_owner_jid
        self.emit(instance, "connection.update", bodies.opened(instance.name, instance.owner_jid))
        if not instance.dead_restarts:
            self.revive(instance)

    def connect(self, instance: Instance, *, after_seconds: float = RECONNECT_SECONDS) -> None:
        """Connecting, and connected a little later unless something else happens before."""
        instance.state = "connecting"
        instance.socket = True
        data = {"instance": instance.name, "state": "connecting", "statusReason": 200}
        self.emit(instance, "connection.update", data)
        self.agenda.after(after_seconds, self._open_if_connecting, instance)

    def lose(self, instance: Instance, reason: int, *, for_seconds: float) -> None:
        """The connection breaks: for good with a final reason, otherwise until the server has reconnected."""
        if reason in FINAL_REASONS:
            self.close_for_good(instance, reason)
        else:
            self.connect(instance, after_seconds=for_seconds)

    def close_for_good(self, instance: Instance, reason: int) -> None:
        """Logged out: a new pairing is needed."""
        instance.state = instance.stored_state = "close"
        instance.paired = False
        self.emit(instance, "status.instance", bodies.closed(instance.name, reason, self.clock.now()))
        self.emit(instance, "logout.instance", None)
        data = {"instance": instance.name, "state": "close", "statusReason": reason}
        self.emit(instance, "connection.update", data)

    def hear(self, instance: Instance, call: Callable[..., None], *arguments: Any) -> None:
        """Something comes from WhatsApp: now, or when a dead connection is alive again."""
        if instance.dead_restarts and len(instance.withheld) < self.script.stored_messages:
            instance.withheld.append((call, arguments))
        else:
            call(*arguments)

    def restart(self, instance: Instance) -> None:
        """A restart: one fewer until a dead connection is alive; then all it missed arrives."""
        if instance.dead_restarts:
            instance.dead_restarts -= 1
        self.connect(instance)

    def revive(self, instance: Instance) -> None:
        """WhatsApp is heard again."""
        late, instance.withheld = instance.withheld, []
        for call, arguments in late:
            call(*arguments)

    def receive(
        self,
        instance: Instance,
        sender: str,
        text: str,
        *,
        message: dict[str, Any] | None = None,
        typed: bool = False,
    ) -> None:
        """Somebody writes to a number: `text`, or a `message` of any kind. `typed` = on the number's own phone."""
        self.hear(instance, self._receive, instance, sender, text, message, typed)

    def _receive(self, instance: Instance, sender: str, text: str, message: dict[str, Any] | None, typed: bool) -> None:
        jid = bodies.jid_of(sender)
        now_seconds = int(self.clock.now().timestamp())
        name = f"Contact {sender[-4:]}"
        data = bodies.inbound(jid, text, name=name, instance=instance.id, now_seconds=now_seconds)
        if message is not None:
            data |= {"message": message, "messageType": next(iter(message), "unknown")}
        if typed:  # as recorded: no status, and the server's word for oneself
            data["key"]["fromMe"], data["pushName"] = True, "Você"
            del data["status"]
        instance.store.add(
            Row(
                id=bodies.row_id(),
                key=data["key"],
                message_type=data["messageType"],
                message=msgspec.Raw(msgspec.json.encode(data["message"])),
                timestamp=now_seconds,
                source="ios",
                push_name=data["pushName"],
            )
        )
        self.emit(instance, "messages.upsert", data)
        event = "contacts.update" if jid in instance.contacts else "contacts.upsert"
        instance.contacts.add(jid)
        self.emit(instance, event, bodies.contact(jid, name="" if typed else name, instance=instance.id))

    def _open_if_connecting(self, instance: Instance) -> None:
        if instance.state == "connecting" and self.instances.get(instance.name) is instance:
            self.open(instance)


def _config_name(event: str) -> str:
    return event.upper().replace(".", "_").replace("-", "_")
