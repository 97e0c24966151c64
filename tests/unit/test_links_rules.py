"""Where links may lead, and who is no person."""

import pytest

from anclora.kit.errors import InvalidError
from anclora.links.rules import KNOWN, TOKEN_CHARS, agent_class, checked_url, new_token, why_scanner

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://example.com", "https://example.com"),
        ("HTTP://Example.com:8080/a?b=%2F&sig=a+b%20c#d", "HTTP://Example.com:8080/a?b=%2F&sig=a+b%20c#d"),
        ("https://example.com/@user", "https://example.com/@user"),
        ("https://[::1]/", "https://[::1]/"),
        ("https://ejemplo.es/salón?q=ñ", "https://ejemplo.es/sal%C3%B3n?q=%C3%B1"),
        ("https://españa.es/", "https://xn--espaa-rta.es/"),
    ],
)
def test_an_address_is_kept_as_it_is(given: str, kept: str) -> None:
    assert checked_url(given) == kept
    assert kept.isascii()


@pytest.mark.parametrize(
    "url",
    ["", "x", "https:", "https:/example.com", "https://@example.com", "https://:@example.com", "data:text/html,x"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidError):
        checked_url(url)


def test_tokens_are_long_and_differ() -> None:
    tokens = {new_token() for _ in range(1_000)}
    assert len(tokens) == 1_000
    assert {len(token) for token in tokens} == {TOKEN_CHARS}


@pytest.mark.parametrize("needle", KNOWN)
def test_everybody_on_the_list_is_told_apart(needle: str) -> None:
    assert why_scanner("GET", {"user-agent": f"Mozilla/5.0 (compatible; {needle.upper()}1.0)"}, None)


@pytest.mark.parametrize(
    "agent", [PHONE, DESKTOP, "Mozilla/5.0 (Linux; Android 10; CUBOT/X) Mobile", "Opera/9.80 (J2ME/MIDP)"]
)
def test_people_are_people(agent: str) -> None:
    assert why_scanner("GET", {"user-agent": agent}, None) is None
    assert why_scanner("GET", {"user-agent": agent}, 60.0) is None


def test_the_first_moments_belong_to_telephones() -> None:
    assert why_scanner("GET", {"user-agent": PHONE}, 0.5) is None
    assert why_scanner("GET", {"user-agent": DESKTOP}, 2.9)
    assert why_scanner("GET", {"user-agent": DESKTOP}, 3.0) is None


@pytest.mark.parametrize(
    ("agent", "kind"), [(PHONE, "mobile"), (DESKTOP, "desktop"), ("curl/8", "other"), ("", "other")]
)
def test_kinds_of_devices(agent: str, kind: str) -> None:
    assert agent_class(agent) == kind
