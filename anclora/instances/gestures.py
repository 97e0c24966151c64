"""Small signs a number gives a person: that their messages were read, and that somebody writes."""

from collections.abc import Sequence

import msgspec

from anclora.kit.errors import InvalidError
from anclora.providers.contract import Provider

_IDS = 100
_ID_CHARS = 250
LONGEST_TYPING_SECONDS = 20.0


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The sign was given."""

    instance: str
    done: bool = True


async def mark_read(provider: Provider, instance: str, sender: str, provider_ids: Sequence[str]) -> Shown:
    """Show a person (digits) that their messages were read.

    Raises:
        InvalidError: there is no id, too many, or one that is none.
        UnavailableError: the number is not connected.
    """
    if not 1 <= len(provider_ids) <= _IDS:
        raise InvalidError(f"ids holds {len(provider_ids)} messages; 1 to {_IDS} are allowed.")
    for each in provider_ids:
        if not each or len(each) > _ID_CHARS or not each.isprintable() or not each.isascii():
            raise InvalidError(
                "ids holds what is no id of a message; take them from what came in.", code="invalid_target"
            )
    await provider.mark_read(instance, sender, list(dict.fromkeys(provider_ids)))
    return Shown(instance=instance)


async def typing(provider: Provider, instance: str, recipient: str, seconds: float) -> Shown:
    """Show a person (digits) for some seconds that somebody writes; ends when the time is over.

    This is never asked of the provider as the `delay` of a message: that would hold its request, and nobody could tell
    a slow send from a lost one.

    Raises:
        InvalidError: no time, or more than `LONGEST_TYPING_SECONDS`.
        UnavailableError: the number is not connected.
    """
    if not 0 < seconds <= LONGEST_TYPING_SECONDS:
        raise InvalidError(f"seconds must be more than 0 and at most {LONGEST_TYPING_SECONDS:.0f}.")
    await provider.typing(instance, recipient, seconds)
    return Shown(instance=instance)
