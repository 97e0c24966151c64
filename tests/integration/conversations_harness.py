"""Conversations from the webhook to the answer: the ledger is real, the clock is in a test's hand."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from messages_harness import DIGITS, Stage, send_round

from anclora.conversations import Conversation, ConversationFollower, read
from anclora.inbound.apply import Applier
from anclora.inbound.receive import Inbound
from anclora.kit.settings import load_settings
from anclora.providers.registry import Providers

# Whole seconds, as WhatsApp tells them, a while ago: what is sent in a test is sent after it.
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
LID, GROUP = "99887766554433@lid", "120363025486012345@g.us"
REACTION = {"reactionMessage": {"key": {"id": "3A01"}, "text": "👍"}}
HOUR = timedelta(hours=1)


def said(message: Any, key_id: str, *, at: datetime, **key: Any) -> bytes:
    """A webhook of Evolution API that tells what somebody said."""
    key = {"id": key_id, "remoteJid": f"{DIGITS}@s.whatsapp.net", "fromMe": False} | key
    data = {"key": key, "message": message, "messageTimestamp": int(at.timestamp()), "pushName": "Ana"}
    return json.dumps({"event": "messages.upsert", "instance": "sales", "data": data}).encode()


class Talks:
    """Everything between a webhook and a conversation, run by hand."""

    def __init__(self, here: Stage, providers: Providers) -> None:
        self.here = here
        self.db = here.db
        self.clock = here.clock
        self.follower = ConversationFollower(here.db, load_settings(), here.clock)
        self.inbound = Inbound(here.db, providers, Applier(here.db))
        self._n = 0

    async def hear(self, words: Any = "hola", *, at: datetime = AT, follow: bool = True, **key: Any) -> None:
        """The person says something; a string is a text. `fromMe=True` = it is typed on our phone."""
        self._n += 1
        message = {"conversation": words} if isinstance(words, str) else words
        await self.deliver(said(message, f"3A{self._n:02}", at=at, **key))
        if follow:
            await self.follow()

    async def deliver(self, *bodies: bytes) -> None:
        """Webhooks arrive and are applied."""
        await asyncio.gather(*(self.inbound.accept("sales", "evolution", each) for each in bodies))
        await self.inbound.close()

    async def send(self, text: str = "buenos días", **draft: Any) -> UUID:
        """A message of ours goes out."""
        message_id = await self.here.accept(text, **draft)
        await send_round(await self.here.dispatcher())
        return message_id

    async def follow(self) -> None:
        """Count what was heard, and look at what is due."""
        while await self.follower.run_once():
            continue

    async def look(self, later: timedelta = timedelta(minutes=2)) -> None:
        """Time goes by, and everything open is looked at."""
        self.clock.ahead += later
        await self.follow()

    async def all(self) -> list[Conversation]:
        """Every conversation, the oldest first."""
        return (await read.find(self.db))[::-1]

    async def one(self) -> Conversation:
        """The only one."""
        [found] = await self.all()
        return found

    async def history(self) -> list[str]:
        """What was done, in order."""
        rows = await self.db.fetch_all("select kind from conversation_history order by id")
        return [str(row["kind"]) for row in rows]

    async def told(self) -> list[str]:
        """The events of conversations, in order."""
        rows = await self.db.fetch_all("select type from events where type like 'conversation.%%' order by ordinal")
        return [str(row["type"]).removeprefix("conversation.") for row in rows]

    async def unread(self) -> int:
        """How many things were heard that nobody counted."""
        row = await self.db.fetch_one("select coalesce(sum(cardinality(heard_ids)), 0)::integer as n from heard_unread")
        return int(row["n"]) if row else 0
