"""Making a number: our row first, which also keeps two makers of one name apart, then the provider's."""

from anclora.audit import record
from anclora.instances.book import QUERIES
from anclora.instances.model import Instance
from anclora.instances.register import webhook_url
from anclora.instances.webhook_secret import new_secret
from anclora.kit.errors import ConflictError, InvalidError
from anclora.providers.contract import Provider
from anclora.providers.contract.numbers import numbers_of
from anclora.storage.database import Database, fetch_one

_LONGEST = 100


async def create(
    db: Database, provider_name: str, provider: Provider, name: str, *, phone: str | None, public_url: str, actor: str
) -> Instance:
    """Make a number; it is connected next, by a person who scans its code.

    Raises:
        InvalidError: a name that would be lost later (`invalid_name`), or a phone that is no digits.
        ConflictError: we have one of this name (`name_known`), the provider has (`name_taken`), or it pairs nothing.
        AncloraError: the provider's own sentence; the name is free again.
    """
    numbers = numbers_of(provider)
    if numbers is None:
        raise ConflictError(f"{provider_name} has no phones to pair.", code="not_paired")
    _check(name, phone)
    url, secret = webhook_url(public_url, name), new_secret()
    async with db.transaction() as conn:
        row = await fetch_one(
            conn, QUERIES["claim_name"], name=name, provider=provider_name, secret=secret, webhook_url=url
        )
        if row is None:
            raise ConflictError(f"There is an instance {name!a} already. Take another name.", code="name_known")
    try:
        await numbers.create(name, phone=phone, webhook_url=url, secret=secret)
    except BaseException:
        await db.execute(QUERIES["remove"], name=name)
        raise
    async with db.transaction() as conn:
        detail = {"provider": provider_name, "by_code": phone is not None}
        await record(conn, actor=actor, action="instance.create", subject=f"instance:{name}", detail=detail)
    return Instance(**row)


def _check(name: str, phone: str | None) -> None:
    """Evolution keeps spaces at the ends of a name, and then finds it no more (contract 2.1)."""
    if not name or name != name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise InvalidError(
            f"A name has 1 to {_LONGEST} printable characters and no space at its ends.", code="invalid_name"
        )
    if phone is not None and not (phone.isascii() and phone.isdigit()):
        raise InvalidError("The phone of a number is digits with country code.", code="invalid_phone")
