"""A "2" below a numbered list is the second line of it, while that is the last thing we said."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from messages_harness import DIGITS, ScriptedProvider, Stage, send_round

from anclora.inbound.apply import Applier
from anclora.inbound.read import Heard, find
from anclora.inbound.receive import Inbound
from anclora.kit.settings import load_settings
from anclora.messages.model import Draft
from anclora.messages.submit import Accepted
from anclora.providers.evolution.limits import CAPABILITIES
from anclora.providers.registry import Providers, build

LIST = {"text": "¿Qué busca?", "button": "Ver", "sections": [{"rows": [{"id": "a", "title": "Centro"}]}]}
ASK = {"text": "¿A las 10?", "buttons": [{"id": "yes", "title": "Sí"}, {"id": "no", "title": "No"}]}


@pytest.fixture
def provider() -> ScriptedProvider:
    made = ScriptedProvider()
    made.capabilities = CAPABILITIES
    return made


@pytest.fixture
async def evolution(here: Stage) -> AsyncGenerator[Providers, None]:
    providers = build(load_settings(evolution_api_url="http://127.0.0.1:1", evolution_api_key="k"), here.clock)
    yield providers
    await providers.close()


@pytest.fixture
async def inbound(here: Stage, evolution: Providers) -> AsyncGenerator[Inbound, None]:
    receiving = Inbound(here.db, evolution, Applier(here.db))
    yield receiving
    await receiving.close()


async def ask(here: Stage, **draft: Any) -> str:
    """Something goes out; the provider's id of it."""
    [accepted] = (await here.submit.submit("main", [draft_of(draft)])).results
    assert isinstance(accepted, Accepted)
    await here.feeder.settle()
    await send_round(await here.dispatcher())
    row = await here.row(accepted.id)
    assert row["state"] == "sent"
    return str(row["provider_id"])


def draft_of(draft: dict[str, Any]) -> Draft:
    return msgspec.convert({"to": f"+{DIGITS}"} | draft, Draft)


async def write(inbound: Inbound, message: Any, key_id: str, *, later_seconds: float = 0.0, **key: Any) -> None:
    """Somebody writes, by default right now; `fromMe` = typed on our phone."""
    data = {
        "key": {"id": key_id, "remoteJid": f"{DIGITS}@s.whatsapp.net", "fromMe": False} | key,
        "message": message,
        "messageTimestamp": int((datetime.now(UTC) + timedelta(seconds=later_seconds)).timestamp()),
    }
    body = json.dumps({"event": "messages.upsert", "instance": "sales", "data": data}).encode()
    await asyncio.gather(inbound.accept("sales", "evolution", body))
    await inbound.close()


async def said(here: Stage, key_id: str) -> Heard:
    return next(each for each in await find(here.db) if each.provider_id == key_id)


async def test_a_number_is_the_choice_it_stands_for(here: Stage, inbound: Inbound) -> None:
    target = await ask(here, type="list", list=LIST)
    await write(inbound, {"conversation": "1."}, "3A01")
    told = await said(here, "3A01")
    assert (told.kind, told.text, told.target) == ("choice", "1.", target)
    assert told.said == {"type": "choice", "id": "a", "title": "Centro", "target": target}
    target = await ask(here, type="buttons", buttons=ASK)
    await write(inbound, {"conversation": "2"}, "3A02")
    assert (await said(here, "3A02")).said == {"type": "choice", "id": "no", "title": "No", "target": target}
    [row] = await here.db.fetch_all("select data from events where type = 'message.received' and data ->> 'text' = '2'")
    assert (row["data"]["kind"], row["data"]["said"]["id"], row["data"]["target"]) == ("choice", "no", target)


async def test_the_same_number_twice_is_heard_twice_and_each_once(here: Stage, inbound: Inbound) -> None:
    await ask(here, type="buttons", buttons=ASK)
    for key_id in ("3A01", "3A02", "3A02"):
        await write(inbound, {"conversation": "1"}, key_id)
    assert [each.kind for each in await find(here.db)] == ["choice", "choice"]


@pytest.mark.parametrize("words", ["3", "uno", "1 o 2"])
async def test_what_is_no_line_of_it_stays_text(here: Stage, inbound: Inbound, words: str) -> None:
    await ask(here, type="buttons", buttons=ASK)
    await write(inbound, {"conversation": words}, "3A01")
    told = await said(here, "3A01")
    assert (told.kind, told.text, told.target) == ("text", words, None)


async def test_only_the_last_thing_we_said_is_answered(here: Stage, inbound: Inbound) -> None:
    await ask(here, type="buttons", buttons=ASK)
    await ask(here, text="¿Cuántas habitaciones?")
    await write(inbound, {"conversation": "2"}, "3A01")
    assert (await said(here, "3A01")).kind == "text"


async def test_what_was_typed_on_the_phone_since_is_the_last_thing_we_said(here: Stage, inbound: Inbound) -> None:
    await ask(here, type="buttons", buttons=ASK)
    await here.db.execute("update messages set sent_at = sent_at - interval '10 seconds'")
    await write(inbound, {"conversation": "¿Cuántas?"}, "3A01", fromMe=True)
    await write(inbound, {"conversation": "2"}, "3A02", later_seconds=2)
    assert (await said(here, "3A02")).kind == "text"


async def test_a_reaction_of_ours_says_nothing(here: Stage, inbound: Inbound) -> None:
    target = await ask(here, type="buttons", buttons=ASK)
    await ask(here, type="reaction", reaction={"target": target, "emoji": "👍"})
    await write(inbound, {"conversation": "2"}, "3A01")
    assert (await said(here, "3A01")).kind == "choice"


async def test_after_a_day_a_number_is_a_number(here: Stage, inbound: Inbound) -> None:
    await ask(here, type="buttons", buttons=ASK)
    await here.db.execute("update messages set sent_at = sent_at - interval '25 hours'")
    await write(inbound, {"conversation": "2"}, "3A01")
    assert (await said(here, "3A01")).kind == "text"


async def test_a_number_that_quotes_something_else_is_not_for_it(here: Stage, inbound: Inbound) -> None:
    await ask(here, type="buttons", buttons=ASK)
    for key_id, quoted in (("3A01", "3EBOTHER"),):
        message = {"extendedTextMessage": {"text": "2", "contextInfo": {"stanzaId": quoted}}}
        await write(inbound, message, key_id)
        assert (await said(here, key_id)).kind == "text"


async def test_where_buttons_are_shown_a_number_is_a_number(here: Stage, inbound: Inbound) -> None:
    await ask(here, type="buttons", buttons=ASK | {"forced": True})
    await write(inbound, {"conversation": "2"}, "3A01")
    assert (await said(here, "3A01")).kind == "text"


async def test_numbers_in_groups_answer_nothing(here: Stage, evolution: Providers) -> None:
    receiving = Inbound(here.db, evolution, Applier(here.db, keep_groups=True))
    await ask(here, type="buttons", buttons=ASK)
    group: dict[str, Any] = {"remoteJid": "120363025486012345@g.us", "participant": f"{DIGITS}@s.whatsapp.net"}
    await write(receiving, {"conversation": "2"}, "3A01", **group)
    assert (await said(here, "3A01")).kind == "text"
