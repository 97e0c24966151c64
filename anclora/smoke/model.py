"""What is asked of a smoke test, and what one step of it says."""

from uuid import UUID

import msgspec

# The database's function `is_smoke` knows it too: the folding of figures and every recount leave it out.
SMOKE_CAMPAIGN = UUID("00000000-0000-4000-8000-736d6f6b6521")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What to try.

    Attributes:
        env: what the server is called, e.g. `production`; the message and its tags say it.
        to: the test number, in international form.
        instance: which of our numbers writes; None = the first that is connected.
        patience_seconds: how long the message may take to its receipt.
    """

    env: str
    to: str
    instance: str | None = None
    patience_seconds: float = 60.0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One path, and whether it goes.

    Attributes:
        seconds: how long it took.
        says: what was seen; of one that failed, what is wrong and where to look.
    """

    name: str
    good: bool
    seconds: float
    says: str
