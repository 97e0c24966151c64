"""One line for people, of every type of message."""

from typing import Any

import msgspec
import pytest

from anclora.cli.said import said
from anclora.providers.contract import (
    Button,
    Buttons,
    Card,
    Choices,
    Contacts,
    Content,
    Image,
    Location,
    Media,
    Poll,
    Reaction,
    Row,
    Section,
    Status,
    Target,
    Template,
    Text,
)

SEEN = Target(provider_id="3EB0")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (Text(text="hola\n\nAna"), "hola Ana"),
        (Text(text="sí", quoted=SEEN), "sí (answers 3EB0)"),
        (Text(text="x" * 200), "x" * 119 + "…"),
        (Image(media=Media(url="https://a.es/b.png"), caption="el salón"), "el salón https://a.es/b.png"),
        (Image(media=Media(base64="aGk=")), "a file"),
        (Location(latitude=40.4, longitude=-3.7, name="Sol"), "40.4, -3.7 Sol"),
        (Contacts(contacts=(Card(name="Ana", phone="1"), Card(name="Bea", phone="2"))), "Ana, Bea"),
        (Reaction(target=SEEN, emoji="👍"), "👍 to 3EB0"),
        (Reaction(target=SEEN), "takes back its reaction to 3EB0"),
        (Poll(question="¿Cuándo?", options=("lunes", "martes")), "¿Cuándo? lunes / martes"),
        (Buttons(text="¿Sí?", buttons=(Button(title="Sí"), Button(title="No"))), "¿Sí? [Sí] [No]"),
        (
            Choices(text="¿Qué?", button="Ver", sections=(Section(rows=(Row(id="a", title="Piso"),)),)),
            "¿Qué? [Piso]",
        ),
        (Template(name="visit", language="es", body=("Ana", "10:00")), "visit (es) Ana / 10:00"),
        (Status(text="Abierto", audience=("1",)), "Abierto"),
    ],
)
def test_what_a_message_says(content: Content, line: str) -> None:
    shown: Any = msgspec.json.decode(msgspec.json.encode(content))
    assert said(shown) == line


def test_what_is_left_out_of_a_page_says_nothing() -> None:
    assert said(None) is None
