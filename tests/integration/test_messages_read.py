"""Lists stay small: whoever wants a file asks for its message."""

import base64
import json

from messages_harness import ScriptedProvider, stage
from msgspec.structs import replace
from redis.asyncio import Redis

from anclora.messages.model import Draft, Media
from anclora.messages.read import find, get
from anclora.messages.submit import Accepted
from anclora.storage.database import Database


async def test_a_list_leaves_out_a_file_that_is_inside_a_message(db: Database, redis: Redis) -> None:
    provider = ScriptedProvider()
    provider.capabilities = replace(provider.capabilities, media_bytes={"document": 100_000})
    file = base64.b64encode(b"%PDF-1.7 " + b"x" * 20_000).decode()
    report = Media(base64=file, mimetype="application/pdf", filename="a.pdf")
    drafts = [Draft(to="34600111222", text="small"), Draft(to="34600111222", type="document", media=report)]
    async with stage(db, redis, provider) as here:
        small, big = (await here.submit.submit("main", drafts)).results
    assert isinstance(small, Accepted)
    assert isinstance(big, Accepted)
    shown = {message.id: bytes(message.content) for message in await find(db)}
    assert json.loads(shown[small.id])["text"] == "small"
    assert shown[big.id] == b"null"
    assert file.encode() in bytes((await get(db, big.id)).content)
