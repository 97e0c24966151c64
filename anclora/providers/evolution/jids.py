"""Numbers and jids: WhatsApp addresses. Two numbers are the same person when one is a variant of the other."""

from anclora.providers.contract.spelling import variants

__all__ = ["is_person", "jid_of", "number_of", "same_recipient", "variants"]

from collections.abc import Sequence

_USER_DOMAINS = frozenset(("s.whatsapp.net", "c.us"))


def number_of(jid: str) -> str:
    """The digits of a person's jid, without device part; any other jid (group, lid, broadcast) as it is.

    Bare digits, as channels without WhatsApp behind them write them, stay digits.
    """
    user, at, domain = jid.partition("@")
    if at and domain not in _USER_DOMAINS:
        return jid
    return user.partition(":")[0].removeprefix("+")


def is_person(jid: str) -> bool:
    """Whether a jid is a phone number (not a group, a lid, a broadcast)."""
    return number_of(jid).isdigit()


def address_of(jid: str) -> str | None:
    """A person's jid as an address of the house, `phone:34600111222` or `lid:1234`; None = it is no person's."""
    digits = number_of(jid)
    if digits.isdigit():
        return f"phone:{digits}"
    user, _, domain = digits.partition("@")
    user = user.partition(":")[0]
    return f"lid:{user}" if domain == "lid" and user.isdigit() else None


def jid_of(recipient: str) -> str:
    """The jid of a number; what is a jid already stays."""
    return recipient if "@" in recipient else f"{recipient}@s.whatsapp.net"


def same_recipient(one: str, other: str) -> bool:
    """Whether two recipients (digits or jids) are the same person or group."""
    one, other = number_of(one), number_of(other)
    return one == other or other in variants(one)


def addresses(recipient: str | None) -> Sequence[str | None]:
    """Every address a message to this recipient may be stored under: jids, and bare digits on the EVOLUTION channel."""
    if recipient is None:
        return (None,)
    if "@" in recipient:
        return (recipient,)
    numbers = variants(recipient.removeprefix("+"))
    return tuple(jid_of(number) for number in numbers) + numbers
