"""Trying a channel out: a notice that says it is a test, by the way all others go, with a button that answers."""

from datetime import datetime

from anclora.kit.ids import new_id
from anclora.kit.severity import Severity
from anclora.notify.channels import PAGERDUTY, Channels
from anclora.notify.contract import Action, Kind, Notice
from anclora.notify.tell import Told, tell
from anclora.storage.database import Connection

ACTION = "trial"  # the id of its button; answered at the door
WORKS = "The button works: this press reached Anclora."


async def trial(
    conn: Connection, name: str, severity: Severity, channels: Channels, *, now: datetime
) -> tuple[str, Told]:
    """Write the test notice down for everybody this channel names; its key, and what became of telling.

    Raises:
        SetupError: the channel is not configured.
    """
    incident = f"trial:{new_id()}"
    notice = Notice(
        title=f"Test of {name}",
        text="This is a test; nothing is wrong. If you read or hear this, the channel works.",
        key=f"{incident}:{name}",
        severity=severity,
        incident=incident,
        actions=[Action(id=ACTION, label="It works", value=incident)],
    )
    told = await tell(conn, notice, {name: channels[name].targets(severity)}, now=now)
    if name == PAGERDUTY:  # nobody has to end a test by hand there
        over = Notice(
            title="The test is over",
            text="It ended itself.",
            key=f"{incident}:over",
            kind=Kind.RESOLVE,
            incident=incident,
        )
        # `tell` and not `follow`, which would withdraw what still waits.
        await tell(conn, over, {name: channels[name].targets(severity)}, now=now)
    return notice.key, told
