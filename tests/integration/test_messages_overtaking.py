"""A reply waits for no campaign, from the door to the provider; also to somebody the campaign writes to.

`LONG=1` does it with 50,000 waiting.
"""

import os

import pytest
from api_harness import PHONE
from messages_harness import ScriptedProvider, Stage, send_round

from anclora.messages.model import Draft, MessageClass

WAITING = 50_000 if os.environ.get("LONG") else 2_000
BULK = 1_000


async def wait_in_the_lane(here: Stage, count: int) -> None:
    """A campaign: so many, each to somebody else, and PHONE is one of them."""
    for start in range(0, count, BULK):
        drafts = [
            Draft(to=PHONE if n == count // 2 else f"+346{n:08d}", text=f"c{n}", kind=MessageClass.MARKETING)
            for n in range(start, start + BULK)
        ]
        await here.submit.submit("main", drafts, may_be_critical=False)
    await here.feeder.settle()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("to", [PHONE, "+34699999999"], ids=["somebody the campaign writes to", "somebody new"])
async def test_a_reply_leaves_next_though_a_campaign_waits(here: Stage, provider: ScriptedProvider, to: str) -> None:
    await wait_in_the_lane(here, WAITING)
    dispatcher = await here.dispatcher()
    await send_round(dispatcher)
    gone = len(provider.out)
    assert 0 < gone < WAITING
    await here.accept("the answer", to=to, kind=MessageClass.REPLY)
    await send_round(dispatcher)
    assert provider.out[gone] == "the answer"
