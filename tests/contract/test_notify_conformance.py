"""One suite for every channel to people, each against its own server: what the messenger may rely on."""

import inspect
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from notify_benches import BENCHES, Bench

from anclora.kit.clock import SystemClock
from anclora.kit.ids import new_id
from anclora.kit.severity import Severity
from anclora.notify.contract import (
    ACTIONS,
    FACT_CHARS,
    FACTS,
    LABEL_CHARS,
    TEXT_CHARS,
    TITLE_CHARS,
    VALUE_CHARS,
    Action,
    Attachment,
    Channel,
    Delivered,
    Fact,
    Kind,
    Link,
    Notice,
    Outgoing,
    Parent,
    Refused,
    Unknown,
)
from anclora.notify.guard import GuardedChannel
from tests.conftest import needs

NOTICE = Notice(
    title="Resumen: ñandú & <compañía>",
    text="Enviados: 1.204\n.línea con punto\nTasa > 90 %",
    key="report:2026-11-26",
    links=[Link(title="Panel", url="https://wa.example.com/?a=1&b=2")],
)
FILE = Attachment(name="resumen.pdf", mimetype="application/pdf", data=b"%PDF-1.4\n.\r\n.\n" + bytes(range(256)))


def to(target: str, notice: Notice = NOTICE) -> Outgoing:
    return Outgoing(id=new_id(), target=target, at=datetime(2026, 11, 27, 17, tzinfo=UTC), notice=notice)


@pytest.fixture(params=BENCHES, ids=lambda bench: bench.__name__)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Bench, None]:
    needs("openssl")
    async with request.param(tmp_path) as ready:
        yield ready


async def test_it_has_every_member_of_the_contract(bench: Bench) -> None:
    assert bench.channel.gap_seconds >= 0
    for name, ours in inspect.getmembers(Channel, inspect.isfunction):
        if not name.startswith("_"):
            theirs = getattr(type(bench.channel), name)
            assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters), name


@pytest.mark.parametrize("severity", list(Severity))
async def test_it_names_somebody_for_everything(bench: Bench, severity: Severity) -> None:
    assert bench.channel.targets(severity)


async def test_what_is_said_arrives_whole_in_any_alphabet(bench: Bench) -> None:
    outcome = await bench.channel.send(to(bench.target))
    assert isinstance(outcome, Delivered), outcome
    assert not outcome.left_out
    [text] = bench.texts()
    plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    if bench.spoken:
        assert "Resumen: ñandú & <compañía>. Enviados: 1.204 .línea con punto Tasa > 90 %" in plain
        return
    for words in ("Resumen: ñandú & <compañía>", "Enviados: 1.204\n.línea con punto\nTasa > 90 %", "?a=1&b=2"):
        assert words in plain


async def test_a_file_arrives_whole_or_it_is_said_that_it_does_not(bench: Bench) -> None:
    notice = Notice(title="Informe", text="Va adjunto.", key="k", attachments=[FILE])
    outcome = await bench.channel.send(to(bench.target, notice))
    assert isinstance(outcome, Delivered), outcome
    assert len(bench.texts()) == 1
    if bench.files is None:
        assert [line.partition(":")[0] for line in outcome.left_out] == ["resumen.pdf"]
    else:
        assert (list(outcome.left_out), bench.files()) == ([], {"resumen.pdf": FILE.data})


async def test_a_wrong_secret_is_refused_for_good_and_is_not_shown(bench: Bench) -> None:
    outcome = await bench.stranger.send(to(bench.target))
    assert isinstance(outcome, Refused), outcome
    assert outcome.permanent
    assert "set " in outcome.text.lower() or "check" in outcome.text.lower()
    assert "wrong" not in outcome.text
    assert bench.texts() == []


async def test_a_refusal_for_a_time_is_no_refusal_for_good(bench: Bench) -> None:
    outcome = await bench.channel.send(to(bench.later()))
    assert isinstance(outcome, Refused), outcome
    assert not outcome.permanent
    assert bench.texts() == []


async def test_where_nobody_listens_nothing_left(bench: Bench) -> None:
    outcome = await bench.unreachable.send(to(bench.target))
    assert isinstance(outcome, Refused), outcome
    assert not outcome.permanent


async def test_a_lost_answer_is_a_doubt(bench: Bench) -> None:
    bench.lose()
    assert isinstance(await bench.channel.send(to(bench.target)), Unknown)
    assert len(bench.texts()) == 1


async def test_the_longest_notice_there_may_be_arrives(bench: Bench) -> None:
    longest = Notice(title="&" * 150, text="&" * 20_000, key="k")
    assert isinstance(await bench.channel.send(to(bench.target, longest)), Delivered)


ALARM = Notice(
    title="Cola parada",
    text="Nada sale desde hace 4 min.",
    key="incident:7:open",
    severity=Severity.CRITICAL,
    incident="incident:7",
    facts=[Fact(name="Edad", value="4 min"), Fact(name="Cambios", value="despliegue 12\npausa <quitada>")],
    actions=[
        Action(id="acknowledge", label="Lo tengo", value="7"),
        Action(id="escalate", label="Escalar & ya", value="7"),
    ],
    links=[Link(title="Panel", url="https://wa.example.com/d/queue-dashboard?from=1&to=2")],
)


async def test_an_alarm_arrives_and_so_does_its_end_where_it_is_worth_telling(bench: Bench) -> None:
    began = to(bench.target, ALARM)
    outcome = await bench.channel.send(began)
    assert isinstance(outcome, Delivered), outcome
    [text] = bench.texts()
    assert "Cola parada" in text
    assert "Nada sale desde hace 4 min." in text
    assert Kind.TRIGGER in bench.channel.kinds
    parent = Parent(id=began.id, vendor_id=outcome.vendor_id, notice=ALARM)
    for kind in (Kind.ACKNOWLEDGE, Kind.RESOLVE):
        if kind in bench.channel.kinds:
            news = Notice(title="Ana lo tiene", text="Ya.", key=f"incident:7:{kind}", kind=kind, incident="incident:7")
            sent = Outgoing(id=new_id(), target=bench.target, at=began.at, notice=news, parent=parent)
            ended = await bench.channel.send(sent)
            assert isinstance(ended, Delivered), ended
            assert not ended.left_out


async def test_the_largest_alarm_there_may_be_arrives(bench: Bench) -> None:
    largest = Notice(
        title="&" * TITLE_CHARS,
        text="&" * TEXT_CHARS,
        key="k",
        severity=Severity.CRITICAL,
        incident="i" * 200,
        facts=[Fact(name="&" * LABEL_CHARS, value="&" * FACT_CHARS)] * FACTS,
        actions=[
            Action(id=f"{place}{'a' * 59}", label="&" * LABEL_CHARS, value="&" * VALUE_CHARS)
            for place in range(ACTIONS)
        ],
        links=[Link(title="&" * 100, url="https://x.example/" + "&" * 200)] * 30,
    )
    assert isinstance(await bench.channel.send(to(bench.target, largest)), Delivered)


async def test_a_broken_channel_ends_as_a_doubt(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_outgoing: Outgoing) -> None:
        raise KeyError("x")

    monkeypatch.setattr(bench.channel, "send", broken)
    outcome = await GuardedChannel(bench.channel, "test", SystemClock()).send(to(bench.target))
    assert outcome == Unknown(code="channel_error", text="KeyError")
