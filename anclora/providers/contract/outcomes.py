"""How a send ended: a value with a policy, never an exception."""

from enum import StrEnum

import msgspec


class Scope(StrEnum):
    """What a refusal stops."""

    MESSAGE = "message"
    RECIPIENT = "recipient"
    LANE = "lane"
    ACCOUNT = "account"
    TEMPLATE = "template"


class Fault(StrEnum):
    """Whose fault a refusal is."""

    CALLER = "caller"
    RECIPIENT = "recipient"
    PROVIDER = "provider"
    OURS = "ours"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The provider took the message and named it.

    Attributes:
        recipient: whom it went to, digits or a jid, where the provider says it: not always the number asked for.
    """

    provider_id: str
    recipient: str | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The provider did not send it, and that is certain.

    Attributes:
        scope: what else must wait.
        classes: of message that wait first (empty = all); the others only once one of theirs is refused too.
        permanent: the same message will never go out.
        retry_after_seconds: the provider's own wish, if it has one.
        code: stable, snake_case.
        text: the provider's words, short, without personal data.
        before_send: not a byte of the request left this machine.
    """

    scope: Scope
    code: str
    text: str
    permanent: bool = False
    retry_after_seconds: float | None = None
    fault: Fault = Fault.PROVIDER
    before_send: bool = False
    classes: frozenset[str] = frozenset()


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """The request left and no answer proves either side."""

    code: str
    text: str


Outcome = Sent | Refused | Unknown
