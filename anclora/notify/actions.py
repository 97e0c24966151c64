"""What comes back when a reader presses a button: a value, and the Protocol of whoever acts on it.

A door proves that the press is genuine, hands it over, and answers at once; the act is committed by then.
"""

from datetime import datetime
from typing import Literal, Protocol

import msgspec

ACKNOWLEDGE = "acknowledge"
ESCALATE = "escalate"


class Press(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody did what a notice offered.

    Attributes:
        action: the id of the action: `ACKNOWLEDGE`, `ESCALATE`, or one that nobody knows any more.
        value: as the notice had it.
        via: the channel it came by.
        by: who it was, as that channel names people: Slack's user id, or the number that was called.
        name: how people call them there; may be empty.
        at: when it was pressed.
    """

    action: str
    value: str
    via: Literal["slack", "voice"]
    by: str
    name: str
    at: datetime


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever pressed is told: one sentence, plain text.

    Attributes:
        done: whether something came of it; an action that is old or unknown is answered kindly all the same.
    """

    text: str
    done: bool = True


class OnAction(Protocol):
    """Acts on presses."""

    async def on_action(self, press: Press) -> Reply:
        """Commit what was pressed, within two seconds, and say so. To press twice must do no harm.

        Raises:
            AncloraError: it could not be done now; whoever pressed is asked to press again.
        """
        ...
