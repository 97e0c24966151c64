"""Acting on what people press, whichever door it came through: bounded in time, and always with a sentence back."""

import asyncio

from anclora.api.deps import Deps
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger
from anclora.kit.metrics import counter
from anclora.notify import Press, Reply
from anclora.notify.trial import ACTION, WORKS

log = get_logger(__name__)
_ACT_SECONDS = 2.0  # Slack waits three for the answer
PRESSES = counter("presses", "Buttons and digits people pressed, by what came of it", ("via", "result"))


async def act(deps: Deps, press: Press) -> Reply:
    """Have it done, and committed, before the answer leaves."""
    reply, result = await _act(deps, press)
    PRESSES.labels(press.via, result).inc()
    log.info("pressed", via=press.via, action=press.action[:60], result=result)
    return reply


async def _act(deps: Deps, press: Press) -> tuple[Reply, str]:
    if press.action == ACTION:
        return Reply(text=WORKS), "done"
    if deps.on_action is None:
        return Reply(text="Nobody acts on buttons here; use the command line.", done=False), "unknown"
    try:
        async with asyncio.timeout(_ACT_SECONDS):
            reply = await deps.on_action.on_action(press)
    except TimeoutError:
        return Reply(text="That took too long, and may not be done. Look, and press again.", done=False), "late"
    except AncloraError as error:
        return Reply(text=error.detail, done=False), "refused"
    return reply, "done" if reply.done else "refused"
