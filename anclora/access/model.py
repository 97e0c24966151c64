"""The nouns of access. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from anclora.kit.errors import ForbiddenError

SCOPES: Mapping[str, str] = {
    "messages:send": "send and cancel messages",
    "messages:read": "list messages and explain them",
    "messages:bodies": "read what messages say: words, files and notes, in every list and page",
    "messages:critical": "send with priority critical",
    "contacts:read": "see whether a person opted out",
    "contacts:write": "opt people out and in again, say where they are, merge and split contacts",
    "inbound:read": "read what people say to our numbers",
    "inbound:write": "read stored webhooks again, and retry failed ones",
    "conversations:read": "see conversations and what was said in them",
    "conversations:write": "hand conversations off, claim, release and close them",
    "instances:read": "see whose number an instance is",
    "instances:write": "make, pair, restart and remove numbers, and change how they behave and how fast they go",
    "templates:read": "see the templates",
    "templates:write": "read the templates anew from the provider",
    "queue:write": "stop and resume the queue, rebuild it, change retries, requeue and discard dead letters",
    "conversions:read": "see conversions, what led to them, and short links",
    "conversions:write": "record, refund and correct conversions, set rates and kinds, and make short links",
    "analytics:read": "read the figures",
    "reports:write": "post reports to people",
    "notices:read": "see what people were told, at which address, and how that ended",
    "notices:write": "send test notices to people",
    "analytics:write": "put figures right that are not what the rows say",
    "incidents:read": "see incidents, silences and what was changed",
    "incidents:write": "acknowledge, escalate, plan, silence and resolve incidents",
    "oncall:read": "see who is on call, hand-offs and how incidents were answered",
    "oncall:write": "change the roster, and write and accept hand-offs",
    "ops:read": "see what the routines of the operator found",
    "alerts:read": "see which alerts there are and what fires",
    "alerts:write": "tell of alerts, as Alertmanager does",
    "drills:read": "see the disaster drills",
    "drills:write": "write down a disaster drill",
    "hooks:read": "see webhook subscriptions and what they were told",
    "hooks:write": "make, change, pause and delete webhook subscriptions, see their secrets, and replay",
}
# What no door of the API does: the command line alone asks for these, and no key holds them.
DUTIES: Mapping[str, str] = {
    "keys:read": "see which keys there are",
    "keys:write": "make and revoke keys",
    "audit:read": "read and verify the audit trail",
    "backups:read": "see backups and archived months",
    "backups:write": "make, prove and bring back backups, and archive old months",
    "backups:end": "remove backups, and make and rotate the key they are encrypted with",
    "house:read": "look at logs, costs, packages and the security of the house",
    "house:write": "serve, migrate, ship and remove logs, and write alert files",
    "house:run": "start an installation on this machine, and rehearse disasters in one",
    "packages:write": "update packages in a branch",
    "routines:run": "run the routines of the operator, and press the safe actions they offer",
}
BODIES = "messages:bodies"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds a key.

    Attributes:
        account: owner of messages and idempotency keys; outlives the key.
        key_id: the key's row.
        name: what the key was called when it was made.
        scopes: what it may do.
        role: what these follow from; None = they were named one by one.
    """

    account: str
    key_id: UUID
    name: str
    scopes: frozenset[str]
    role: str | None = None

    @property
    def actor(self) -> str:
        """How the caller is named in the audit trail."""
        return f"key:{self.key_id}"

    def may(self, scope: str) -> bool:
        """Whether the key holds a scope."""
        return scope in self.scopes

    def narrowed(self, role: str, scopes: frozenset[str]) -> "Caller":
        """The same with no more than a role has; what the key lacks it does not gain."""
        return replace(self, scopes=self.scopes & scopes, role=role)

    def require(self, scope: str) -> None:
        """Raise `ForbiddenError` unless the key holds a scope."""
        if scope in self.scopes:
            return
        if self.role is not None:
            raise ForbiddenError(
                f"This key may not {SCOPES[scope]}: its role {self.role} lacks the scope {scope}. "
                "Use a key of a role that has it; who has what: docs/reference/access.md.",
                extra={"scope": scope, "role": self.role},
            )
        raise ForbiddenError(
            f"This key may not {SCOPES[scope]}: it lacks the scope {scope}. "
            f"Make one that may: anclora keys create --name NAME --scope {scope}",
            extra={"scope": scope},
        )


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is listed: never its text.

    Attributes:
        prefix: what it begins with after `ak_`.
        role: what it may do follows from it; null = `scopes` were named one by one.
        scopes: what it may do now.
    """

    id: UUID
    account: str
    name: str
    prefix: str
    role: str | None
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `text` is shown once and stored nowhere."""

    key: Key
    text: str = field(repr=False)
