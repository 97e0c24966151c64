"""The numbers of one provider in our hands: which can be steered, and every change with its line in the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass

from anclora.audit import record
from anclora.instances.model import Instance
from anclora.kit.clock import Clock
from anclora.kit.errors import ConflictError
from anclora.providers.contract import Provider
from anclora.providers.contract.numbers import Numbers, numbers_of
from anclora.storage.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Hand:
    """Who steers a number, and with what.

    Attributes:
        actor: for the audit trail.
    """

    db: Database
    clock: Clock
    instance: Instance
    provider: Provider
    actor: str

    @property
    def numbers(self) -> Numbers:
        """What can be done to it. Raises `ConflictError` (`not_paired`) for one that is no phone."""
        found = numbers_of(self.provider)
        if found is None:
            raise ConflictError(
                f"{self.instance.name!a} is no paired phone: its provider {self.instance.provider!r} has nothing to "
                "connect, restart or log out.",
                code="not_paired",
            )
        return found

    async def audit(self, conn: Connection, verb: str, detail: Mapping[str, object] | None = None) -> None:
        """Write what was done, in the caller's transaction."""
        subject = f"instance:{self.instance.name}"
        await record(conn, actor=self.actor, action=f"instance.{verb}", subject=subject, detail=detail)

    async def note(self, verb: str, detail: Mapping[str, object] | None = None) -> None:
        """The same in one of its own."""
        async with self.db.transaction() as conn:
            await self.audit(conn, verb, detail)
