"""A number that is all somebody said is the choice of that line, counted as the numbered text counts."""

import pytest

from anclora.inbound.numbered import chosen, number_in
from anclora.providers.cloud.capabilities import CAPABILITIES
from anclora.providers.contract import (
    Button,
    Buttons,
    Choices,
    Content,
    Row,
    SaidChoice,
    SaidOther,
    SaidText,
    Section,
    Text,
    answers_of,
)
from anclora.providers.evolution.rendering import rendered
from anclora.providers.registry import degrades

ASK = Buttons(
    text="¿Cuándo?",
    buttons=(
        Button(title="Mapa", url="https://a.es"),
        Button(title="Lunes", id="mon"),
        Button(title="Llámenos", phone="34910000000"),
        Button(title="Martes"),
    ),
)
LIST = Choices(
    text="¿Qué busca?",
    button="Ver",
    sections=(
        Section(title="Venta", rows=(Row(id="a", title="Centro"), Row(id="b", title="Playa", description="3 hab."))),
        Section(rows=(Row(id="c", title="Monte"),)),
    ),
)


@pytest.mark.parametrize("content", [ASK, LIST], ids=["buttons", "list"])
def test_answers_are_counted_as_they_are_shown(content: Content) -> None:
    shown = rendered(content)
    assert isinstance(shown, Text)
    for number, (_, title) in enumerate(answers_of(content), 1):
        assert f"{number}. {title}" in shown.text
    assert f"{len(answers_of(content)) + 1}. " not in shown.text


@pytest.mark.parametrize(
    ("words", "number"),
    [("2", 2), (" 2. ", 2), ("2)", 2), ("(2)", 2), ("2️⃣", 2), ("٢", 2), ("10", 10), ("2 gracias", None), ("dos", None),
     ("", None), ("2024", None), ("-2", None), ("2.5", None), ("+2", None)],
)  # fmt: skip
def test_only_a_bare_number_is_one(words: str, number: int | None) -> None:
    assert number_in(SaidText(text=words)) == number


def test_what_is_no_text_is_no_number() -> None:
    assert number_in(SaidOther(kind="2")) is None
    assert number_in(None) is None


@pytest.mark.parametrize(
    ("words", "content", "choice"),
    [
        ("1", ASK, SaidChoice(id="mon", title="Lunes", target="3EB0")),
        ("2", ASK, SaidChoice(id="", title="Martes", target="3EB0")),
        ("3", ASK, None),
        ("0", ASK, None),
        ("3", LIST, SaidChoice(id="c", title="Monte", target="3EB0")),
        ("4", LIST, None),
        ("1", Text(text="1. no es una lista"), None),
        ("1", Buttons(text="a", buttons=(Button(title="b", id="c"),), forced=True), None),
    ],
)
def test_what_a_number_chooses(words: str, content: Content, choice: SaidChoice | None) -> None:
    assert chosen(SaidText(text=words), content, "3EB0") == choice


def test_only_what_went_out_as_numbers_is_answered_by_them() -> None:
    assert degrades("evolution", "list")
    assert not degrades("evolution", "poll")
    assert not degrades("cloud", "buttons")
    assert not degrades("toy", "buttons")
    assert not CAPABILITIES.degraded
