"""One scale of severity for what people are told and for incidents, which know its upper two only."""

from datetime import UTC, datetime

import msgspec
import pytest

from anclora.alerts.model import Raised
from anclora.incidents import Signal
from anclora.kit.severity import PRESSING, Pressing, Severity, pressing

AT = datetime(2026, 3, 2, tzinfo=UTC)


def signal(severity: Severity) -> Signal:
    return Signal(fingerprint="x", name="X", severity=severity, summary="x", starts_at=AT, source="test")


def test_what_nobody_need_do_anything_about_is_no_incident() -> None:
    assert [pressing(each) for each in PRESSING] == [Severity.CRITICAL, Severity.WARNING]
    assert {signal(each).severity for each in PRESSING} == set(PRESSING)
    with pytest.raises(ValueError, match="'info' is none of critical, warning"):
        signal(Severity.INFO)


def test_an_alert_of_the_book_cannot_be_info() -> None:
    row = dict.fromkeys(("raised", "summary", "action", "meaning", "impact"), "Words that say something.")
    row |= {"name": "AncloraSomething", "owner": "devops", "dashboard": "queue-dashboard"}
    steps = {"diagnosis": ["Look."], "mitigation": ["Mend."]}
    with pytest.raises(msgspec.ValidationError, match="severity"):
        msgspec.convert(row | steps | {"severity": "info"}, Raised)


def test_the_description_names_the_two_an_incident_can_have() -> None:
    assert sorted(msgspec.json.schema(Pressing)["enum"]) == ["critical", "warning"]
