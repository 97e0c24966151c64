"""Acts on a message that is out already: asked of the provider once, kept in its timeline and in the audit trail."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from anclora.audit import record
from anclora.instances import InstanceBook
from anclora.kit.errors import ConflictError, UnavailableError
from anclora.kit.said import SAID
from anclora.messages.errors import no_message
from anclora.messages.gather import earlier_of
from anclora.messages.notes import note
from anclora.messages.targets import Earlier, sent_id
from anclora.providers.contract import Outcome, Provider, Refused, Scope, Sent, Target
from anclora.providers.registry import Providers
from anclora.storage.database import Database


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an act on a message.

    Attributes:
        outcome: `unknown` = the request left and no answer tells; a phone shows what is true.
        code: of an unknown outcome.
        text: the same in words.
    """

    id: UUID
    outcome: Literal["done", "unknown"]
    code: str | None
    text: Annotated[str | None, SAID]


class Actors(msgspec.Struct, frozen=True):
    """Who does it: the ledger, the providers, the numbers."""

    db: Database
    providers: Providers
    book: InstanceBook

    def provider_of(self, instance: str) -> Provider:
        """The provider of a number."""
        return self.providers[self.book.get(instance).provider]


async def out_already(actors: Actors, message_id: UUID) -> tuple[Earlier, Target]:
    """A message that is out, and how to speak of it.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: it is not out yet, or never was (`target_not_sent`).
    """
    earlier = await earlier_of(actors.db, message_id)
    if earlier is None:
        raise no_message(message_id)
    await actors.book.refresh()
    return earlier, Target(provider_id=sent_id(earlier), from_me=True)


def in_time(earlier: Earlier, seconds: int, now: datetime, what: str) -> None:
    """Raise `ConflictError` when it is too late for an act, or never possible with this provider."""
    if not seconds:
        raise ConflictError(f"{earlier.instance} cannot {what} a message that is out.", code="not_supported")
    if earlier.sent_at is None or (now - earlier.sent_at).total_seconds() > seconds:
        raise ConflictError(
            f"WhatsApp lets nobody {what} a message after {seconds // 60} minutes; this one is older.", code="too_late"
        )


async def act(
    actors: Actors,
    earlier: Earlier,
    ask: Callable[[Provider], Awaitable[Outcome]],
    *,
    action: str,
    words: str,
    actor: str,
    detail: Mapping[str, Any],
) -> Act:
    """Ask the provider, and write down what became of it.

    Args:
        actors: who does it.
        earlier: the message.
        ask: makes the one request.
        action: of the audit trail, for example message.edit.
        words: of the timeline.
        actor: who wants it.
        detail: of the audit trail; no words of people.

    Raises:
        ConflictError: the provider refused for good (`act_refused`).
        UnavailableError: it cannot be asked now; nothing happened.
    """
    outcome = await ask(actors.provider_of(earlier.instance))
    if isinstance(outcome, Refused):
        if outcome.scope is Scope.MESSAGE:
            raise ConflictError(f"The provider refuses: {outcome.text}.", code="act_refused")
        raise UnavailableError(f"{earlier.instance} cannot do that now: {outcome.text}.", code=outcome.code)
    done = isinstance(outcome, Sent)
    async with actors.db.transaction() as conn:
        await note(conn, earlier.id, action.partition(".")[2], words if done else f"no answer: {words}")
        known = {**detail, "outcome": "done" if done else "unknown"}
        await record(conn, actor=actor, action=action, subject=str(earlier.id), detail=known)
    if isinstance(outcome, Sent):
        return Act(id=earlier.id, outcome="done", code=None, text=None)
    return Act(id=earlier.id, outcome="unknown", code=outcome.code, text=outcome.text)
