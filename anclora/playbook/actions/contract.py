"""What a safe action is. Nothing here decides whether it may be done: the guard rails in `fix` do, for all of them."""

from collections.abc import Sequence
from typing import Protocol

from anclora.playbook.sources.contract import Parts


class Action(Protocol):
    """One way to mend what a check found. It acts on what it finds at that moment, never on what was found before."""

    async def plan(self, parts: Parts) -> Sequence[str]:
        """What would be done, a line each; none = there is nothing it may do."""
        ...

    async def act(self, parts: Parts, *, actor: str) -> Sequence[str]:
        """Do it; the names or ids that were touched."""
        ...

    async def verify(self, parts: Parts, touched: Sequence[str]) -> str | None:
        """Whether it helped, within a bounded time; None = it did, else what did not."""
        ...

    async def undo(self, parts: Parts, touched: Sequence[str], *, actor: str) -> str:
        """Take back what can be taken back; says what was."""
        ...
