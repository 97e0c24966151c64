"""What Meta says of an account, by how much it matters."""

from uuid import UUID

import pytest

from anclora.instances.account import Said, notice_of, severity_of, telling
from anclora.providers.contract import AccountEvent

DELIVERY = UUID("019aac5e-7a00-7000-8000-000000000004")


@pytest.mark.parametrize(
    ("event", "severity"),
    [
        (AccountEvent(text='ACCOUNT_RESTRICTION [{"restriction_type": "X"}]'), "critical"),
        (AccountEvent(text="DISABLED_UPDATE"), "critical"),
        (AccountEvent(text="FLAGGED", tier="TIER_250"), "warning"),
        (AccountEvent(text="DOWNGRADE"), "warning"),
        (AccountEvent(quality="RED"), "warning"),
        (AccountEvent(quality="GREEN"), "info"),
        (AccountEvent(text="UPGRADE", tier="TIER_2K"), "info"),
        (AccountEvent(text="A_WORD_OF_TOMORROW"), "info"),
        (AccountEvent(), "info"),
    ],
)
def test_severity(event: AccountEvent, severity: str) -> None:
    assert severity_of(event).value == severity


def test_the_same_webhook_makes_the_same_events() -> None:
    first, second = AccountEvent(text="FLAGGED"), AccountEvent(text="DOWNGRADE")
    heard = [Said("cloud", "@cloud", DELIVERY, each) for each in (first, second, first)]
    _, again = telling(heard), telling(heard)
    assert telling(heard)[1] == again[1]
    assert str(again[1]["rows"]).count('"word"') == 2


@pytest.mark.parametrize("lang", ["es", "en"])
def test_a_notice_says_who_and_what(lang: str) -> None:
    data = {"number": None, "word": None, "quality": "RED", "tier": None, "text": None, "severity": "warning"}
    notice = notice_of(DELIVERY, data, lang)
    assert "RED" in notice.title
    assert notice.text == "quality: RED"
