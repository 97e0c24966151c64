"""Every provider on its bench: the adapter, its sandbox server on a real socket, and a receiver for its webhooks."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sandbox_receiver import Receiver, receiving
from toy import ToyProvider, running_toy
from toy.server import KEY, NUMBER

from anclora.kit.clock import SystemClock
from anclora.providers.cloud import CloudProvider
from anclora.providers.contract import Event, Provider
from anclora.providers.evolution import EvolutionProvider
from anclora.providers.sandbox import Script, read_witness, running_sandbox
from anclora.providers.sandbox.files import receive_file
from anclora.providers.sandbox.graph import running_graph
from anclora.providers.sandbox.graph_script import GraphFault, GraphScript
from anclora.providers.sandbox.script import Fault, Number, Pick, Receipts

PERSON, NOBODY = "34600111222", "34600999999"
# Words a bench makes its server fail by.
BUSY, NO_ANSWER, NO_NAME = "busy", "no answer", "no name"
_SOON = Receipts(server_ack_ms=(1, 2), delivery_ms=(3, 4), read_ms=(5, 6))


class Closable(Provider, Protocol):
    """A provider with connections."""

    async def close(self) -> None: ...


@dataclass
class Bench:
    """A provider and what the suite needs to see and do around it.

    Attributes:
        out: recipient and text of what really went out.
        write: somebody writes these words to the number.
        wrong_key: the same provider with a key its server does not take.
        nowhere: the same provider at an address where nobody listens.
        write_file: somebody sends a picture of these bytes; None = its files cannot be fetched.
        nobody: recipient and text of a message to somebody who cannot be reached.
    """

    provider: Closable
    number: str
    receiver: Receiver
    out: Callable[[], list[tuple[str, str]]]
    write: Callable[[str, str], Any]
    wrong_key: Closable
    nowhere: Closable
    nobody: tuple[str, str] = (NOBODY, "hola")
    write_file: Callable[[str, bytes], Any] | None = None

    def events(self) -> list[Event]:
        """Everything the server told so far."""
        return [event for raw in self.receiver.raw for event in self.provider.parse_webhook(raw)]

    async def until(self, done: Callable[[Sequence[Event]], bool]) -> None:
        """Wait until something is true of the events."""
        await self.receiver.until(lambda: done(self.events()))


@contextlib.asynccontextmanager
async def _opened(bench: Bench) -> AsyncGenerator[Bench, None]:
    try:
        yield bench
    finally:
        for provider in (bench.provider, bench.wrong_key, bench.nowhere):
            await provider.close()


@contextlib.asynccontextmanager
async def evolution(folder: Path) -> AsyncGenerator[Bench, None]:
    """Evolution API."""
    script = Script(
        instances=(Number(name="sales"),),
        receipts=_SOON,
        not_on_whatsapp=Pick(numbers=frozenset({NOBODY})),
        faults=(
            Fault(kind="connection_closed_500", text=BUSY),
            Fault(kind="reset_after_send", text=NO_ANSWER),
            Fault(kind="page_200_sent", text=NO_NAME),
        ),
    )

    def provider(url: str, key: str) -> EvolutionProvider:
        return EvolutionProvider(url, key, clock=SystemClock(), send_timeout_seconds=5.0)

    witness = folder / "witness.jsonl"
    async with receiving() as receiver, running_sandbox(script, witness, webhook_url=receiver.url) as sandbox:
        world = sandbox.world
        bench = Bench(
            provider=provider(sandbox.url, sandbox.api_key),
            number="sales",
            receiver=receiver,
            out=lambda: [(each.recipient, each.text) for each in read_witness(witness)],
            write=lambda sender, text: world.receive(world.instances["sales"], sender, text),
            wrong_key=provider(sandbox.url, "wrong"),
            nowhere=provider("http://127.0.0.1:1", "k"),
            write_file=lambda sender, data: receive_file(world, world.instances["sales"], sender, data, "image/jpeg"),
        )
        async with _opened(bench):
            yield bench


@contextlib.asynccontextmanager
async def cloud(folder: Path) -> AsyncGenerator[Bench, None]:
    """Meta's Cloud API."""
    script = GraphScript(
        receipts=_SOON,
        not_on_whatsapp=Pick(numbers=frozenset({NOBODY})),
        faults=(
            GraphFault(kind="error_130429", text=BUSY),
            GraphFault(kind="reset_after_send", text=NO_ANSWER),
            GraphFault(kind="ok_without_id_sent", text=NO_NAME),
        ),
    )

    def provider(url: str, token: str) -> CloudProvider:
        return CloudProvider(
            url, token, account=script.account, verify_token="v", clock=SystemClock(), send_timeout_seconds=5.0
        )

    witness = folder / "witness.jsonl"
    async with receiving() as receiver, running_graph(script, witness, callback=receiver.url) as graph:
        number = script.numbers[0].id
        bench = Bench(
            provider=provider(graph.url, script.token),
            number=number,
            receiver=receiver,
            out=lambda: [(each.recipient, each.text) for each in read_witness(witness)],
            write=lambda sender, text: graph.world.receive(number, sender, text),
            wrong_key=provider(graph.url, "wrong"),
            nowhere=provider("http://127.0.0.1:1/v24.0", "t"),
            write_file=lambda sender, data: graph.world.receive_file(number, sender, data, "image/jpeg"),
        )
        async with _opened(bench):
            yield bench


@contextlib.asynccontextmanager
async def toy(folder: Path) -> AsyncGenerator[Bench, None]:
    """The toy."""
    del folder
    async with receiving() as receiver, running_toy() as server:
        server.hook = receiver.url
        clock = SystemClock()
        bench = Bench(
            provider=ToyProvider(server.url, KEY, clock=clock),
            number=NUMBER,
            receiver=receiver,
            out=lambda: list(server.out),
            write=lambda sender, text: server.tell({"id": "IN", "from": sender, "text": text}),
            wrong_key=ToyProvider(server.url, "wrong", clock=clock),
            nowhere=ToyProvider("http://127.0.0.1:1", KEY, clock=clock),
            nobody=(PERSON, "nobody"),
        )
        async with _opened(bench):
            yield bench


BENCHES: tuple[Callable[[Path], AbstractAsyncContextManager[Bench]], ...] = (evolution, cloud, toy)
