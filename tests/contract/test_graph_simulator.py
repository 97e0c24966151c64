"""The Graph simulator answers as it was recorded, and the client gets files, templates and pages through it."""

import base64
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from recordings import DEFAULT, folder
from sandbox_receiver import receiving

from anclora.kit.clock import SystemClock
from anclora.kit.errors import AncloraError, InvalidError, SetupError, UnavailableError
from anclora.providers.cloud import CloudProvider, signed
from anclora.providers.contract import (
    Image,
    Media,
    NumberLimits,
    ReceiptEvent,
    Refused,
    Scope,
    Sent,
    Target,
    Template,
    Text,
    Unknown,
)
from anclora.providers.sandbox import read_witness
from anclora.providers.sandbox.graph import Graph, running_graph
from anclora.providers.sandbox.graph_errors import DOCUMENTED, NO_SUCH_FILE, REFUSALS, error_body
from anclora.providers.sandbox.graph_script import (
    GraphFault,
    GraphNumber,
    GraphScript,
    GraphTemplate,
    load_graph_script,
)
from anclora.providers.sandbox.script import Receipts

PERSON, REFERENCE = "34600111222", "019aac5e-7a00-7000-8000-000000000001"
PNG = base64.b64encode(b"\x89PNG not really").decode()
VISIT = GraphTemplate(
    name="visit",
    components=(
        {"type": "BODY", "text": "Hola {{1}}"},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}, {"type": "URL", "text": "Map"}]},
    ),
)
SCRIPT = GraphScript(
    receipts=Receipts(never_share=1.0),
    templates=(VISIT, GraphTemplate(name="old", status="PAUSED")),
    numbers=(
        GraphNumber(),
        GraphNumber(id="109876543210002", quality="RED", tier="TIER_250", throughput="HIGH", status="BANNED"),
        GraphNumber(id="109876543210003", tier="TIER_2K"),
    ),
    page_rows=2,
    faults=tuple(GraphFault(kind=f"error_{code}", text=f"#{code}#") for code in REFUSALS),
)


@dataclass
class Play:
    """The simulator, our client, and what went out."""

    graph: Graph
    provider: CloudProvider
    witness: Path

    async def send(self, content: Any) -> Any:
        return await self.provider.send("109876543210001", PERSON, content, reference=REFERENCE)

    def out(self) -> int:
        return len(read_witness(self.witness))


@pytest.fixture
async def play(tmp_path: Path) -> AsyncGenerator[Play, None]:
    witness = tmp_path / "witness.jsonl"
    async with running_graph(SCRIPT, witness) as graph:
        provider = CloudProvider(graph.url, SCRIPT.token, account=SCRIPT.account, verify_token="v", clock=SystemClock())
        yield Play(graph, provider, witness)
        await provider.close()


def recorded(source: str) -> Mapping[str, Any]:
    """The answer of the Graph call in a recording."""
    exchange = json.loads((folder() / f"{source}.json").read_text(encoding="utf-8"))
    return exchange["upstream_graph_calls"][-1]["answer"]


@pytest.mark.parametrize(
    ("code", "source"), [(code, refusal.source) for code, refusal in REFUSALS.items() if refusal.source != DOCUMENTED]
)
def test_a_refusal_that_was_recorded_is_word_for_word(code: int, source: str) -> None:
    if folder() != DEFAULT and not (folder() / f"{source}.json").exists():
        pytest.skip(f"{source} is not in this folder of recordings")
    assert recorded(source) == {"status": REFUSALS[code].status, "body": error_body(code)}


def test_what_was_recorded_is_marked_and_the_rest_is_too() -> None:
    sources = [refusal.source for refusal in REFUSALS.values()]
    assert sources.count(DOCUMENTED) < len(sources) - 6
    upload = recorded("send_business/045-media-upload-rejected-by-graph")["body"]["error"]["message"]
    assert upload == f"(#100) {NO_SUCH_FILE}"


@pytest.mark.parametrize("code", REFUSALS)
async def test_every_refusal_reaches_the_client_as_its_row_says(play: Play, code: int) -> None:
    outcome = await play.send(Text(text=f"#{code}#"))
    assert isinstance(outcome, Refused | Unknown)
    assert outcome.text.startswith(f"{code}: ")
    assert play.out() == 0
    assert isinstance(await play.send(Text(text=f"#{code}#")), Sent)  # the fault strikes once


async def test_a_file_is_uploaded_once_and_sent_by_its_id(play: Play) -> None:
    image = Image(media=Media(base64=PNG, mimetype="image/png", filename="a.png"), caption="the door")
    assert isinstance(await play.send(image), Sent)
    assert isinstance(await play.send(image), Sent)
    assert list(play.graph.world.files.values()) == [("image/png", b"\x89PNG not really")]
    assert [each.text for each in read_witness(play.witness)] == ["the door", "the door"]


async def test_a_stored_file_is_read_from_where_it_is_kept(play: Play) -> None:
    async def files(name: str) -> bytes:
        if name != "a" * 64:
            raise UnavailableError("That file is gone.", code="file_gone")
        return b"stored"

    provider = CloudProvider(
        play.graph.url, SCRIPT.token, account=SCRIPT.account, verify_token="v", clock=SystemClock(), files=files
    )
    outcomes = [
        await provider.send(
            "109876543210001",
            PERSON,
            Image(media=Media(stored=name * 64, mimetype="image/png")),
            reference=REFERENCE,
        )
        for name in "ab"
    ]
    await provider.close()
    assert isinstance(outcomes[0], Sent)
    assert isinstance(outcomes[1], Refused)
    assert (outcomes[1].code, outcomes[1].permanent) == ("file_gone", False)
    assert [content for _, content in play.graph.world.files.values()] == [b"stored"]


@pytest.mark.parametrize(
    ("media", "code", "permanent"),
    [
        (Media(base64="%%%"), "media_not_usable", True),
        (Media(base64=PNG), "invalid_request", True),  # no type: Meta refuses the upload with (#100)
        (Media(stored="a" * 64), "file_not_stored", False),
    ],
)
async def test_a_file_that_cannot_be_uploaded_is_no_doubt(play: Play, media: Media, code: str, permanent: bool) -> None:
    outcome = await play.send(Image(media=media))
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.permanent, outcome.scope) == (code, permanent, Scope.MESSAGE)
    assert play.out() == 0


async def test_a_template_goes_out_filled_and_its_buttons_are_of_its_own_kinds(play: Play) -> None:
    assert isinstance(await play.send(Template(name="visit", language="es", body=("Ana",), buttons=("p", "q"))), Sent)
    for content, code in (
        (Template(name="visit", language="es"), "template_parameters"),
        (Template(name="visit", language="fr", body=("Ana",)), "template_missing"),
        (Template(name="old", language="es"), "template_paused"),
    ):
        outcome = await play.send(content)
        assert isinstance(outcome, Refused)
        assert outcome.code == code
    assert play.out() == 1


async def test_numbers_and_their_limits_are_read_page_by_page(play: Play) -> None:
    found = await play.provider.list_instances()
    assert [(each.name[-1], each.state, each.owner) for each in found] == [
        ("1", "open", "34911222333"),
        ("2", "close", "34911222333"),
        ("3", "open", "34911222333"),
    ]
    limits = await play.provider.read_limits()
    assert limits[1] == NumberLimits(
        name="109876543210002",
        quality="RED",
        tier="TIER_250",
        throughput="HIGH",
        per_minute=60_000,
        new_recipients_per_day=250,
    )
    assert [each.new_recipients_per_day for each in limits] == [0, 250, 2_000]


async def test_templates_are_listed_with_their_state(play: Play) -> None:
    found = await play.provider.list_templates()
    assert [(each.name, each.language, each.status) for each in found] == [
        ("visit", "es", "APPROVED"),
        ("old", "es", "PAUSED"),
    ]


async def test_what_the_cloud_api_cannot_do_says_so(play: Play) -> None:
    target = Target(provider_id="wamid.1")
    for outcome in (
        await play.provider.edit("109876543210001", PERSON, target, "x"),
        await play.provider.delete("109876543210001", PERSON, target),
    ):
        assert isinstance(outcome, Refused)
        assert (outcome.code, outcome.permanent, outcome.before_send) == ("not_supported", True, True)
    with pytest.raises(InvalidError):
        await play.provider.check_numbers("109876543210001", [PERSON])
    await play.provider.typing("109876543210001", PERSON, 3.0)
    assert play.graph.world.typing == []


async def test_reading_and_typing_are_told_to_the_person(play: Play) -> None:
    await play.provider.mark_read("109876543210001", PERSON, ["wamid.1", "wamid.2"])
    await play.provider.typing("109876543210001", PERSON, 3.0, below="wamid.3")
    assert (play.graph.world.read, play.graph.world.typing) == (["wamid.2", "wamid.3"], ["wamid.3"])
    with pytest.raises(AncloraError):
        await play.provider.mark_read("999", PERSON, ["wamid.1"])


async def test_a_webhook_is_subscribed_only_where_the_challenge_comes_back(play: Play) -> None:
    async with receiving() as receiver:  # answers no challenge
        with pytest.raises(InvalidError, match="Callback verification failed"):
            await play.provider.set_webhook("109876543210001", url=receiver.url, secret="s")
    assert play.graph.world.callback is None
    secure = CloudProvider("https://graph.facebook.com/v24.0", "t", account="1", verify_token="v", clock=SystemClock())
    with pytest.raises(InvalidError, match="ANCLORA_PUBLIC_URL"):
        await secure.set_webhook("1", url="http://127.0.0.1:8000/webhooks/meta", secret="s")
    await secure.close()


async def test_statuses_come_signed_and_carry_our_reference(tmp_path: Path) -> None:
    script = GraphScript(faults=(GraphFault(kind="late_131049", text="sale"),), receipts=Receipts(early_share=1.0))
    async with receiving() as receiver, running_graph(script, tmp_path / "w", callback=receiver.url) as graph:
        provider = CloudProvider(graph.url, script.token, account="1", verify_token="v", clock=SystemClock())
        outcome = await provider.send("109876543210001", PERSON, Text(text="sale"), reference=REFERENCE)
        assert isinstance(outcome, Sent)
        await receiver.until(lambda: len(receiver.raw) == 1)
        assert signed(receiver.raw[0], receiver.headers[0]["x-hub-signature-256"], script.app_secret)
        (event,) = provider.parse_webhook(receiver.raw[0])
        assert isinstance(event, ReceiptEvent)
        assert (event.provider_id, event.rank, event.reference) == (outcome.provider_id, 0, REFERENCE)
        assert (event.text or "").startswith("131049: ")
        assert read_witness(tmp_path / "w") == []
        await provider.send("109876543210001", PERSON, Text(text="early"), reference=REFERENCE)
        assert len(receiver.raw) >= 2  # told before the answer
        await provider.close()


async def test_the_window_can_be_kept(tmp_path: Path) -> None:
    script = GraphScript(enforce_window=True, receipts=Receipts(never_share=1.0), templates=(GraphTemplate(name="hi"),))
    async with running_graph(script, tmp_path / "w") as graph:
        provider = CloudProvider(graph.url, script.token, account="1", verify_token="v", clock=SystemClock())

        async def send(content: Any) -> Any:
            return await provider.send("109876543210001", PERSON, content, reference=REFERENCE)

        closed = await send(Text(text="hola"))
        assert isinstance(closed, Refused)
        assert closed.code == "window_closed"
        assert isinstance(await send(Template(name="hi", language="es")), Sent)
        graph.world.receive("109876543210001", PERSON, "hola")
        assert isinstance(await send(Text(text="hola")), Sent)
        graph.world.heard[PERSON] -= timedelta(hours=24)
        assert isinstance(await send(Text(text="hola")), Refused)
        await provider.close()


async def test_the_simulator_refuses_like_graph_what_it_does_not_know(play: Play) -> None:
    key = {"authorization": f"Bearer {SCRIPT.token}"}
    async with aiohttp.ClientSession(headers=key) as session:
        for method, path, body, code in (
            ("POST", "/999/messages", {"messaging_product": "whatsapp"}, 100),
            ("GET", "/109876543210001/planets", None, 100),
            ("POST", "/109876543210001/messages", {}, 100),
            ("POST", "/109876543210001/messages", {"messaging_product": "whatsapp", "type": "dance"}, 131051),
            ("POST", "/109876543210001/messages", {"messaging_product": "whatsapp", "to": "1", "text": {}}, 131008),
        ):
            async with session.request(method, play.graph.url + path, json=body) as answer:
                assert (await answer.json())["error"]["code"] == code
        made = {"name": "new", "language": "es", "category": "UTILITY", "components": []}
        for wanted in (200, 400):  # recordings template/012 and 003
            async with session.post(f"{play.graph.url}/{SCRIPT.account}/message_templates", json=made) as answer:
                assert answer.status == wanted
        async with session.delete(f"{play.graph.url}/{SCRIPT.account}/message_templates?name=new") as answer:
            assert await answer.json() == {"success": True}  # recording template/006


def test_a_script_is_read_from_a_file_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    good = tmp_path / "graph.toml"
    good.write_text('[[faults]]\nkind = "error_131056"\n[[numbers]]\nid = "1"\n')
    script = load_graph_script(good)
    assert ([fault.code for fault in script.faults], script.numbers[0].id) == ([131056], "1")
    assert load_graph_script(None) == GraphScript()
    for text in ('[[faults]]\nkind = "error_7"', "planets = 1", "["):
        good.write_text(text)
        with pytest.raises(SetupError, match=r"graph\.toml"):
            load_graph_script(good)
