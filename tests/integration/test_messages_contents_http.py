"""Every type of message, from the door through the real dispatcher over a socket into the store of a server.

And in doubt: the answer never comes, the look-up shows the message as the server stored it, and it is found again.
"""

import base64
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from api_harness import PHONE, HandClock
from messages_harness import Stage, send_round, stage

from anclora.kit.settings import load_settings
from anclora.media import keep
from anclora.media.disk import DiskStore
from anclora.messages.model import Draft
from anclora.messages.submit import Accepted
from anclora.providers.registry import EVOLUTION, build
from anclora.providers.sandbox import Sandbox, Script, running_sandbox
from anclora.providers.sandbox.script import Fault, Number, Receipts
from anclora.providers.sandbox.store import Row
from anclora.storage.database import Database

SEND_SECONDS = 3.0  # for seventeen at once on a busy machine
PROOF_SECONDS = 30 + 5 + SEND_SECONDS + 30 + 1
PNG_BYTES = b"\x89PNG\r\n\x1a\n" + bytes(25)
PNG = base64.b64encode(PNG_BYTES).decode()
OGG = base64.b64encode(b"OggS" + bytes(28)).decode()
MP4 = base64.b64encode(b"\0\0\0\x18ftypmp42" + bytes(20)).decode()
ASK = {"text": "¿Le va bien a las 10?", "buttons": [{"id": "yes", "title": "Sí"}, {"title": "No"}], "header": "Visita"}
LIST = {
    "text": "¿Qué busca?",
    "button": "Ver",
    "sections": [{"rows": [{"id": "a", "title": "Centro"}, {"id": "b", "title": "Playa", "description": "mar"}]}],
}
NUMBERED = "*Visita*\n\n¿Le va bien a las 10?\n\n1. Sí\n2. No"
CHOICES = "¿Qué busca?\n\n1. Centro\n2. Playa: mar"
VCARD = (
    "BEGIN:VCARD\nVERSION:3.0\nN:Ana\nFN:Ana\nitem1.TEL;waid=34600111333@s.whatsapp.net:+34600111333\n"
    "item1.X-ABLabel:Celular\nEND:VCARD"
)
PLACE = {"latitude": 40.41678, "longitude": -3.70379, "name": "Sol"}
CARDS = [{"name": "Ana", "phone": "600111333"}, {"name": "Bea", "phone": "600111444"}]

# Draft, then the path into the stored message and what stands there.
EVERY: dict[str, tuple[dict[str, Any], str, Any]] = {
    "text": ({"text": "hola"}, "conversation", "hola"),
    "image": (
        {"type": "image", "media": {"base64": PNG}, "caption": "el salón"},
        "imageMessage.caption",
        "el salón",
    ),
    "document": (
        {"type": "document", "media": {"base64": PNG, "filename": "plano.png"}},
        "documentMessage.fileName",
        "plano.png",
    ),
    "video": ({"type": "video", "media": {"base64": MP4}, "caption": "la visita"}, "videoMessage.caption", "la visita"),
    "audio": ({"type": "audio", "media": {"base64": OGG}}, "audioMessage.ptt", True),
    "sticker": ({"type": "sticker", "media": {"base64": PNG}}, "stickerMessage.mimetype", "image/webp"),
    "location": ({"type": "location", "location": PLACE}, "locationMessage.degreesLongitude", -3.70379),
    "contacts": (
        {"type": "contacts", "contacts": CARDS},
        "contactsArrayMessage.contacts.1.displayName",
        "Bea",
    ),
    "card": (
        {"type": "contacts", "contacts": CARDS[:1]},
        "contactMessage.vcard",
        VCARD,
    ),
    "reaction": (
        {"type": "reaction", "reaction": {"target": "3A00FF", "emoji": "👍"}},
        "reactionMessage.key",
        {"id": "3A00FF", "remoteJid": "34600111222@s.whatsapp.net", "fromMe": False},
    ),
    "poll": (
        {"type": "poll", "poll": {"question": "¿Cuándo?", "options": ["lunes", "martes"]}},
        "pollCreationMessageV3.options.1.optionName",
        "martes",
    ),
    "poll of many": (
        {"type": "poll", "poll": {"question": "¿Cuáles?", "options": ["lunes", "martes"], "selectable": 0}},
        "pollCreationMessage.selectableOptionsCount",
        0,
    ),
    "buttons": ({"type": "buttons", "buttons": ASK}, "conversation", NUMBERED),
    "forced buttons": (
        {"type": "buttons", "buttons": ASK | {"forced": True}},
        "viewOnceMessage.message.interactiveMessage.body.text",
        "*Visita*\n\n¿Le va bien a las 10?\n",
    ),
    "list": ({"type": "list", "list": LIST}, "conversation", CHOICES),
    "forced list": (
        {"type": "list", "list": LIST | {"forced": True}},
        "listMessage.sections.0.rows.1.rowId",
        "b",
    ),
    "status": (
        {"type": "status", "to": "status", "status": {"text": "Abierto", "audience": [PHONE]}},
        "extendedTextMessage.text",
        "Abierto",
    ),
    "status of a picture": (
        {
            "type": "status",
            "to": "status",
            "status": {"kind": "image", "media": {"base64": PNG}, "text": "hoy", "audience": [PHONE]},
        },
        "imageMessage.caption",
        "hoy",
    ),
}


class Play:
    """A stage and the server its messages go to."""

    def __init__(self, here: Stage, sandbox: Sandbox, folder: Path) -> None:
        self.here = here
        self.sandbox = sandbox
        self.files = DiskStore(folder)

    async def accept(self, draft: dict[str, Any]) -> UUID:
        """Take a draft in, as JSON."""
        read = msgspec.json.decode(msgspec.json.encode({"to": PHONE} | draft), type=Draft)
        [accepted] = (await self.here.submit.submit("main", [read])).results
        assert isinstance(accepted, Accepted)
        await self.here.feeder.settle()
        return accepted.id

    async def send(self, draft: dict[str, Any]) -> UUID:
        """Take a draft in and let the dispatcher send it."""
        message_id = await self.accept(draft)
        await send_round(await self.here.dispatcher())
        return message_id

    def row(self, provider_id: str) -> Row:
        """What the server stored."""
        row = self.sandbox.world.instances["sales"].store.get(provider_id)
        assert row is not None
        return row

    async def stored(self, message_id: UUID) -> tuple[Row, dict[str, Any]]:
        """Row and message of one of ours."""
        row = self.row(str((await self.here.row(message_id))["provider_id"]))
        return row, msgspec.json.decode(row.message)


@contextlib.asynccontextmanager
async def playing(db: Database, redis: Any, folder: Path, *faults: Fault) -> AsyncGenerator[Play, None]:
    script = Script(instances=(Number(name="sales"),), faults=faults, receipts=Receipts(never_share=1.0))
    async with running_sandbox(script, folder / "witness") as sandbox:
        given: dict[str, Any] = {
            "evolution_api_url": sandbox.url,
            "evolution_api_key": sandbox.api_key,
            "send_timeout_seconds": SEND_SECONDS if faults else 10.0,
            "media_dir": folder / "media",
        }
        providers = build(load_settings(**given), HandClock())
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(providers.close)
            here = await stack.enter_async_context(stage(db, redis, providers[EVOLUTION], **given))
            yield Play(here, sandbox, folder / "media")


def at(message: Any, path: str) -> Any:
    for step in path.split("."):
        message = message[int(step)] if isinstance(message, list) else message[step]
    return message


@pytest.mark.parametrize("name", EVERY)
async def test_it_is_accepted_sent_and_shown(db: Database, redis: Any, tmp_path: Path, name: str) -> None:
    draft, path, wanted = EVERY[name]
    async with playing(db, redis, tmp_path) as play:
        message_id = await play.send(draft)
        assert await play.here.state(message_id) == "sent"
        row, message = await play.stored(message_id)
        assert at(message, path) == wanted
        assert row.remote_jid == ("status@broadcast" if "status" in name else "34600111222@s.whatsapp.net")


async def test_in_doubt_every_one_is_found_again_and_not_sent_twice(db: Database, redis: Any, tmp_path: Path) -> None:
    async with playing(db, redis, tmp_path, Fault(kind="timeout_after_send")) as play:
        ids: dict[str, UUID] = {}
        for place, name in enumerate(EVERY):
            draft = EVERY[name][0]
            if name != "status of a picture":  # it would wait for the other status
                ids[name] = await play.accept({"to": f"+346001115{place:02d}"} | draft)
        await send_round(await play.here.dispatcher())
        assert {name: await play.here.state(each) for name, each in ids.items()} == dict.fromkeys(ids, "unknown")
        await play.here.pass_seconds(PROOF_SECONDS)
        await play.here.resolver.run_once()
        assert {name: await play.here.state(each) for name, each in ids.items()} == dict.fromkeys(ids, "sent")
        found = [str((await play.here.row(each))["provider_id"]) for each in ids.values()]
        assert len(set(found)) == len(ids) == len(play.sandbox.world.instances["sales"].store)


async def test_an_answer_and_a_reaction_speak_of_a_message_of_ours_by_our_id(
    db: Database, redis: Any, tmp_path: Path
) -> None:
    async with playing(db, redis, tmp_path) as play:
        first = await play.send({"text": "¿Le va bien?"})
        provider_id = (await play.here.row(first))["provider_id"]
        answer = await play.send({"text": "¿O mejor el martes?", "reply_to": str(first), "mentions": [PHONE]})
        row, _ = await play.stored(answer)
        assert row.context is not None
        context = msgspec.json.decode(row.context)
        assert (context["stanzaId"], context["quotedMessage"]) == (provider_id, {"conversation": "¿Le va bien?"})
        assert context["mentionedJid"] == ["34600111222@s.whatsapp.net"]
        reaction = await play.send({"type": "reaction", "reaction": {"target": str(first), "emoji": "❤️"}})
        _, message = await play.stored(reaction)
        assert at(message, "reactionMessage.key") == {
            "id": provider_id,
            "remoteJid": "34600111222@s.whatsapp.net",
            "fromMe": True,
        }
        by_provider_id = await play.send({"type": "reaction", "reaction": {"target": provider_id}})
        _, message = await play.stored(by_provider_id)
        assert at(message, "reactionMessage.key.fromMe") is True


async def upload(play: Play, data: bytes = PNG_BYTES, filename: str | None = "a.png") -> str:
    async def pieces() -> AsyncIterator[bytes]:
        yield data

    kept = await keep(play.here.db, play.files, pieces(), said=None, filename=filename, limit_bytes=1_000, days=30)
    return kept.hash


async def test_an_uploaded_file_goes_out_as_its_bytes(db: Database, redis: Any, tmp_path: Path) -> None:
    async with playing(db, redis, tmp_path) as play:
        file_hash = await upload(play)
        message_id = await play.send({"type": "image", "media": {"stored": file_hash}, "caption": "subida"})
        assert await play.here.state(message_id) == "sent"
        _, message = await play.stored(message_id)
        assert at(message, "imageMessage.fileLength.low") == len(PNG_BYTES)
        content = msgspec.json.decode(bytes((await play.here.row(message_id))["content"]))
        assert content["media"] == {"stored": file_hash, "mimetype": "image/png", "filename": "a.png"}


async def test_a_file_that_is_gone_fails_its_message_with_a_sentence(db: Database, redis: Any, tmp_path: Path) -> None:
    async with playing(db, redis, tmp_path) as play:
        file_hash = await upload(play)
        message_id = await play.accept({"type": "image", "media": {"stored": file_hash}})
        await play.files.remove(file_hash)
        await send_round(await play.here.dispatcher())
        row = await play.here.row(message_id)
        assert (row["state"], row["reason_code"]) == ("failed", "media_gone")
        assert "Upload it again" in row["reason_text"]
        assert len(play.sandbox.world.instances["sales"].store) == 0


async def test_a_damaged_file_is_not_sent_and_tried_again(db: Database, redis: Any, tmp_path: Path) -> None:
    async with playing(db, redis, tmp_path) as play:
        file_hash = await upload(play)
        message_id = await play.accept({"type": "image", "media": {"stored": file_hash}})
        (tmp_path / "media" / file_hash[:2] / file_hash).write_bytes(b"rotten")
        await send_round(await play.here.dispatcher())
        assert await play.here.state(message_id) == "queued"
        assert await play.here.notes(message_id) == ["refused"]
        assert len(play.sandbox.world.instances["sales"].store) == 0


def test_every_content_of_a_paired_phone_is_played() -> None:
    played = {draft.get("type", "text") for draft, _, _ in EVERY.values()}
    assert played == {"text", "image", "document", "video", "audio", "sticker", "location", "contacts", "reaction"} | {
        "poll", "buttons", "list", "status"
    }  # fmt: skip
