"""The hand-off document is the playbook's, word for word, with our facts below; the whole of it is a file beside."""

from datetime import UTC, datetime
from pathlib import Path

from anclora.oncall.document import Facts, handoff_document

GOLDEN = Path(__file__).with_name("golden") / "handoff.md"
PLAYBOOK = Path(__file__).parents[2] / "docs" / "reference" / "playbook-original.md"
AT = datetime(2026, 3, 30, 8, tzinfo=UTC)  # the Monday after the clocks went forward

FACTS = Facts(
    active=["AncloraLaneNotDraining - nothing leaves\nsend:sales (critical, since Mon 2026-03-30 09:41; ben has it)"],
    changes=["Mon 2026-03-30 09:12 deploy.release production 1.4.0 by key:ci"],
    upcoming=["Maintenance: Postgres is upgraded, Tue 2026-03-31 22:00 to Tue 2026-03-31 23:00"],
    further=[
        ("Error Budget", ["67% is left: in 30 days 1 of 604 messages were lost to our own or the provider's faults"]),
        ("Overdue Actions", ["Page sooner (ben, until 2026-03-20; learnt from AncloraLaneNotDraining)"]),
        ("Flapping Alerts", ["AncloraLaneNotDraining opened 4 times in 7 days"]),
        ("Silences", []),
        (
            "Calls of This Shift",
            ["ana: 3 calls, 1 at night", "In all: 3 calls, 1 at night; in the week before 1 and 0"],
        ),
        ("Calls at Night", ["Wed 2026-03-25 03:10 ana: AncloraLaneNotDraining"]),
    ],
)


def test_the_document_is_the_one_beside() -> None:
    found = handoff_document(
        AT, "Europe/Madrid", "ana", "ben", FACTS, "Do not raise the rate of sales.\n\n- it warms up"
    )
    assert found == GOLDEN.read_text(encoding="utf-8")


def test_its_headings_are_those_of_the_playbook_in_their_order() -> None:
    text = PLAYBOOK.read_text(encoding="utf-8")
    template = text[text.index("## On-Call Handoff - [Date]") :].partition("```")[0]
    wanted = [line for line in template.splitlines() if line.startswith("#")]
    wanted[0] = wanted[0].replace("[Date]", "2026-03-30")
    found = handoff_document(AT, "Europe/Madrid", "ana", "ben", Facts(), "").splitlines()
    assert [line for line in found if line.startswith("#")] == wanted
    assert [line.partition(" ")[0] for line in found if line.startswith("**")] == ["**From:**", "**To:**"]
    issues = handoff_document(AT, "Europe/Madrid", "ana", "ben", Facts(active=["a", "b"]), "").splitlines()
    assert [line for line in issues if line.startswith("- [ ] ")] == ["- [ ] a", "- [ ] b"]
