"""Whether a conversion, a refund or a correction can be recorded as asked, and what it comes to. Pure."""

import hashlib
import re
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from anclora.contacts import phone_digits
from anclora.contacts.addresses import KINDS
from anclora.conversions.model import Books, Correction, Refund, Value, Wish
from anclora.conversions.money import read_minor
from anclora.kit.errors import ConflictError, InvalidError

_CODE = re.compile(r"[A-Z]{3}")
_CLOCKS_DIFFER = timedelta(minutes=5)
_EARLIEST_YEAR = 2000
_SHOWN_KINDS = 20
_encode = msgspec.json.Encoder(order="deterministic").encode


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A conversion that can be recorded, but for what only the ledger knows.

    Attributes:
        person: kind and value of an address, or `("id", <contact's id>)`; None = the message's.
        amount: minor units; None = without a value.
        hash: of all that was asked for; equal for the same wish in another spelling.
    """

    kind: str
    person: tuple[str, str] | None
    amount: int | None
    currency: str | None
    occurred_at: datetime
    external_id: str | None
    message_id: UUID | None
    campaign_id: UUID | None
    note: str | None
    hash: bytes


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A conversion as it stands: its value with corrections (`gross`) and less refunds (`net`), in minor units."""

    currency: str | None
    exponent: int
    gross: int | None
    net: int | None
    void: bool
    occurred_at: datetime


class Step(msgspec.Struct, frozen=True):
    """What a refund or a correction adds to the value and to the count."""

    amount: int | None
    counts: int
    occurred_at: datetime


def draft_of(wish: Wish, books: Books, *, region: str, now: datetime) -> Draft:
    """The conversion a wish asks for.

    Raises:
        InvalidError: the sentence says what is wrong.
    """
    kind = wish.kind.strip()
    if kind not in books.kinds:
        names = ", ".join(sorted(books.kinds)[:_SHOWN_KINDS])
        raise InvalidError(
            f"There is no kind {kind[:40]!r}. Choose from: {names}; or make it: anclora conversions kinds --add NAME",
            code="unknown_kind",
        )
    if wish.contact is None and wish.message_id is None:
        raise InvalidError("Say whose it is: contact (a phone number or an id), or message_id.", code="no_contact")
    person = None if wish.contact is None else person_of(wish.contact, region)
    currency, amount = _valued(wish.value, wish.currency, books)
    texts = checked(external_id=wish.external_id, note=wish.note)
    said = [kind, person, amount, currency, wish.occurred_at and wish.occurred_at.timestamp(), *texts.values()]
    return Draft(
        kind=kind,
        person=person,
        amount=amount,
        currency=currency,
        occurred_at=moment_of(wish.occurred_at, now),
        message_id=wish.message_id,
        campaign_id=wish.campaign_id,
        hash=digest([*said, wish.message_id, wish.campaign_id]),
        **texts,
    )


def person_of(text: str, region: str) -> tuple[str, str]:
    """Kind and value of an address, or `("id", …)` of a contact's id. Raises `InvalidError`."""
    kind, colon, value = text.strip().partition(":")
    if colon and kind in KINDS and kind != "phone":
        if not value or "\0" in value:
            raise InvalidError(f"{text[:40]!r} is no address.", code="invalid_contact")
        return kind, value
    try:
        return "id", str(UUID(text.strip()))
    except ValueError:
        return "phone", phone_digits(text.strip().removeprefix("phone:"), region)


def moment_of(given: datetime | None, now: datetime) -> datetime:
    """When it happened. Raises `InvalidError` for what has not happened yet, or long before anything was kept."""
    if given is None:
        return now
    if given > now + _CLOCKS_DIFFER:
        raise InvalidError("occurred_at lies in the future; record it once it happened.", code="in_the_future")
    if given.year < _EARLIEST_YEAR:
        raise InvalidError(f"occurred_at lies before {_EARLIEST_YEAR}.", code="too_long_ago")
    return given


def refund_step(standing: Standing, wish: Refund, now: datetime) -> Step:
    """What a refund takes away.

    Raises:
        InvalidError: it is more than is left, nothing, or before the conversion.
        ConflictError: there is nothing left, or it never happened.
    """
    _must_count(standing)
    if standing.net is None:
        raise ConflictError("It has no value, so none can go back. Correct it with void instead.", code="no_value")
    if standing.net == 0:
        raise ConflictError("All of it went back already.", code="nothing_left")
    value = standing.net if wish.value is None else _read(wish.value, standing)
    if not 0 < value <= standing.net:
        raise InvalidError("A refund is more than nothing and at most what is left.", code="refund_too_large")
    at = moment_of(wish.occurred_at, now)
    if at < standing.occurred_at:
        raise InvalidError("occurred_at lies before the conversion itself.", code="before_the_conversion")
    return Step(-value, 0, at)


def correction_step(standing: Standing, wish: Correction) -> Step:
    """What a correction adds, positive or negative.

    Raises:
        InvalidError: it says nothing, or too much, or a value below what went back.
        ConflictError: it never happened.
    """
    _must_count(standing)
    if wish.void == (wish.value is not None):
        raise InvalidError("Say what is right: a value, or void. One of them.", code="nothing_chosen")
    if wish.void:
        return Step(None if standing.net is None else -standing.net, -1, standing.occurred_at)
    if standing.gross is None or standing.net is None or wish.value is None:
        raise ConflictError(
            "It was recorded without a value and a currency. Correct it with void, and record it again.",
            code="no_value",
        )
    amount = _read(wish.value, standing) - standing.gross
    if standing.net + amount < 0:
        raise InvalidError("More than this went back already.", code="below_refunds")
    return Step(amount, 0, standing.occurred_at)


def digest(said: object) -> bytes:
    """What tells whether the same was asked for again."""
    return hashlib.sha256(_encode(said)).digest()


def checked(*, external_id: str | None, note: str | None) -> dict[str, str | None]:
    """Texts as they are stored. Raises `InvalidError` for what a database cannot hold or nobody can read."""
    for name, text in (("external_id", external_id), ("note", note)):
        if text is not None and ("\0" in text or (name == "external_id" and not text.isprintable())):
            raise InvalidError(f"{name} holds characters that cannot be stored.", code="invalid_text")
    return {"external_id": external_id, "note": note}


def _must_count(standing: Standing) -> None:
    if standing.void:
        raise ConflictError("A correction said that it never happened. Record it anew.", code="void")


def _valued(value: Value | None, currency: str | None, books: Books) -> tuple[str | None, int | None]:
    if value is None and currency is None:
        return None, None
    if value is None or currency is None:
        raise InvalidError("value and currency come together, or not at all.", code="invalid_value")
    code = currency.strip().upper()
    if not _CODE.fullmatch(code) or code not in books.exponents:
        raise InvalidError(f"{currency[:10]!r} is no currency of ISO 4217, such as EUR.", code="unknown_currency")
    return code, read_minor(value, code, books.exponents[code])


def _read(value: Value, standing: Standing) -> int:
    return read_minor(value, standing.currency or "", standing.exponent)
