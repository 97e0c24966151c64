"""Numbers that answer: where buttons or a list went out as numbered text, a "2" is the second of them.

Only while that message is the last thing we said to this person, for a day; the words stay as they came, in `text`.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import msgspec

from anclora.kit.ids import first_id_at
from anclora.providers.contract import Content, Said, SaidChoice, SaidText, answers_of
from anclora.providers.registry import degrades
from anclora.storage.database import Connection, fetch_all
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_GOOD_FOR = timedelta(days=1)
_CLOCKS = timedelta(seconds=1)  # the moment of what is said has no part of a second
_NUMBER = re.compile(r"\s*\(?\s*(\d{1,3})\s*[.):]?\s*")
_KEYCAPS = str.maketrans("", "", "\ufe0f\u20e3")  # 2️⃣ is the digit with two marks behind
_content = msgspec.json.Decoder(Content)


class Line(Protocol):
    """Something a person said, about to be written."""

    instance: str
    contact_id: UUID | None
    at: datetime
    kind: str
    said: Said | None
    target: str | None
    quoted: str | None
    group_jid: str | None


async def read_numbers(conn: Connection, lines: Sequence[Line]) -> None:
    """Make choices of those lines that are the number of one."""
    asked = [
        line
        for line in lines
        if line.contact_id is not None and line.group_jid is None and number_in(line.said) is not None
    ]
    if not asked:
        return
    row = {
        "instances": [line.instance for line in asked],
        "contact_ids": [line.contact_id for line in asked],
        "sinces": [line.at - _GOOD_FOR for line in asked],
        "untils": [line.at + _CLOCKS for line in asked],
        "lows": [first_id_at(line.at - _GOOD_FOR) for line in asked],
        "highs": [first_id_at(line.at) for line in asked],
    }
    for found in await fetch_all(conn, QUERIES["read_offers"], **row):
        line = asked[found["place"] - 1]
        if line.quoted not in (None, found["provider_id"]) or not degrades(found["provider"], found["kind"]):
            continue
        choice = chosen(line.said, _content.decode(found["content"]), found["provider_id"])
        if choice is not None:
            line.said, line.kind, line.target = choice, "choice", choice.target


def number_in(said: Said | None) -> int | None:
    """The number that is all somebody said; None = it is something else."""
    if not isinstance(said, SaidText):
        return None
    found = _NUMBER.fullmatch(said.text.translate(_KEYCAPS))
    return int(found[1]) if found else None


def chosen(said: Said | None, content: Content, target: str) -> SaidChoice | None:
    """What a number chose from a content that went out as numbered text; None = nothing."""
    number, answers = number_in(said), answers_of(content)
    if number is None or not 1 <= number <= len(answers) or getattr(content, "forced", False):
        return None
    choice_id, title = answers[number - 1]
    return SaidChoice(id=choice_id, title=title, target=target)
