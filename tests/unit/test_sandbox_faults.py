"""The fate of a message depends on the script and on the message alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anclora.kit.errors import SetupError
from anclora.providers.sandbox.faults import decide, on_whatsapp, reply
from anclora.providers.sandbox.script import FAULTS, Fault, Pick, Receipts, Replies, Script, load_script

PEOPLE = [f"346{number:08d}" for number in range(4_000)]


def fates(script: Script) -> list[str | None]:
    decided = [decide(script, person, "hola", nth=1).fault for person in PEOPLE]
    return [fault.kind if fault else None for fault in decided]


@given(st.text(), st.text(), st.integers())
def test_any_message_has_one_fate(recipient: str, text: str, seed: int) -> None:
    script = Script(seed=seed, faults=(Fault(kind="reset_after_send", share=0.5),), swallow=Pick(share=0.5))
    assert decide(script, recipient, text, nth=1) == decide(script, recipient, text, nth=2)


def test_shares_come_out_as_asked() -> None:
    script = Script(
        faults=(Fault(kind="reset_after_send", share=0.1), Fault(kind="timeout_after_send", share=0.05)),
        not_on_whatsapp=Pick(share=0.02),
    )
    kinds = fates(script)
    assert kinds.count("reset_after_send") == pytest.approx(400, rel=0.2)
    assert kinds.count("timeout_after_send") == pytest.approx(200, rel=0.25)
    assert sum(not on_whatsapp(script, person) for person in PEOPLE) == pytest.approx(80, rel=0.35)


def test_another_seed_strikes_others() -> None:
    rules = (Fault(kind="reset_after_send", share=0.3),)
    assert fates(Script(seed=1, faults=rules)) != fates(Script(seed=2, faults=rules))


def test_a_rule_strikes_only_whom_it_names() -> None:
    rules = (Fault(kind="reset_after_send", recipient=PEOPLE[3]), Fault(kind="prisma_400_sent", text="adiós"))
    script = Script(faults=rules)
    assert [person for person, kind in zip(PEOPLE, fates(script), strict=True) if kind] == [PEOPLE[3]]
    assert decide(script, PEOPLE[5], "¡adiós!", nth=1).fault == rules[1]


@pytest.mark.parametrize(
    ("receipts", "statuses"),
    [
        (Receipts(), ["SERVER_ACK", "DELIVERY_ACK", "READ"]),
        (Receipts(read_share=0.0), ["SERVER_ACK", "DELIVERY_ACK"]),
        (Receipts(error_share=1.0), ["SERVER_ACK", "ERROR"]),
        (Receipts(disorder_share=1.0), ["READ", "DELIVERY_ACK", "SERVER_ACK"]),
        (Receipts(never_share=1.0), []),
    ],
)
def test_receipts_follow_the_script(receipts: Receipts, statuses: list[str]) -> None:
    fate = decide(Script(receipts=receipts), "34600111222", "hola", nth=1)
    assert [receipt.status for receipt in fate.receipts] == statuses
    delays = [receipt.after_seconds for receipt in fate.receipts]
    assert delays == sorted(delays)


def test_lost_and_doubled_receipts_are_posted_never_and_twice() -> None:
    for receipts, posts in ((Receipts(lost_share=1.0), 0), (Receipts(duplicate_share=1.0), 2), (Receipts(), 1)):
        fate = decide(Script(receipts=receipts), "34600111222", "hola", nth=1)
        assert {receipt.posts for receipt in fate.receipts} == {posts}


def test_a_recipient_always_answers_the_same() -> None:
    script = Script(replies=Replies(share=0.5, texts=("sí", "no")))
    answers = [reply(script, person) for person in PEOPLE]
    assert answers == [reply(script, person) for person in PEOPLE]
    assert {answer[0] if answer else None for answer in answers} == {"sí", "no", None}


def test_a_script_is_read_from_toml_and_json(tmp_path: Path) -> None:
    toml = tmp_path / "script.toml"
    toml.write_text('seed = 7\n[[instances]]\nname = "ventas"\n[[faults]]\nkind = "reset_after_send"\nshare = 0.1\n')
    plain = tmp_path / "script.json"
    plain.write_text('{"seed":7,"instances":[{"name":"ventas"}],"faults":[{"kind":"reset_after_send","share":0.1}]}')
    assert load_script(toml) == load_script(plain)
    assert load_script(toml).faults[0].kind in FAULTS
    assert load_script(None) == Script()


@pytest.mark.parametrize(
    "text",
    [
        "seed = 'x'",
        "sede = 1",
        "latency_ms = [1, -1]",
        '[[faults]]\nkind = "meteor"',
        "= nothing",
        "[receipts]\nread_share = 2",
    ],
)
def test_a_bad_script_is_refused_with_its_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "script.toml"
    path.write_text(text)
    with pytest.raises(SetupError, match=r"script\.toml"):
        load_script(path)


def test_a_missing_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"absent\.toml"):
        load_script(tmp_path / "absent.toml")
