"""Bad input is stopped at the door with a sentence that says what to do."""

import base64
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from anclora.kit.errors import ForbiddenError, InvalidError
from anclora.messages.door import admit
from anclora.messages.model import Draft, NewMessage, Priority, State
from anclora.providers.contract import Capabilities, Media

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMITS = Capabilities(
    text_chars=100, caption_chars=10, media_bytes={"image": 8, "document": 8}, mimetypes={"image": ["image/png"]}
)


def come_in(draft: Draft, *, critical: bool = False) -> NewMessage:
    return admit(
        draft,
        region="ES",
        now=NOW,
        choose_instance=lambda name: name or "main",
        limits=lambda _name: LIMITS,
        may_be_critical=critical,
    )


@pytest.mark.parametrize("to", ["+34600111222", "34600111222", "600111222", "600 11 12 22", "+34 (600) 111-222"])
def test_a_number_is_understood_however_it_is_written(to: str) -> None:
    assert come_in(Draft(to=to, text="hola")).recipient == "34600111222"


def test_a_number_of_another_country_needs_no_plus() -> None:
    assert come_in(Draft(to="5511999990001", text="oi")).recipient == "5511999990001"


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (Draft(to="12", text="x"), "invalid_phone"),
        (Draft(to="not a phone", text="x"), "invalid_phone"),
        (Draft(to="9" * 60, text="x"), "invalid_phone"),
        (Draft(to="600111222"), "empty_text"),
        (Draft(to="600111222", text="  \n"), "empty_text"),
        (Draft(to="600111222", text="x" * 101), "too_long"),
        (Draft(to="600111222", text="a\x00b"), "invalid_text"),
        (Draft(to="600111222", text="\ud800"), "invalid_text"),
        (Draft(to="600111222", text="x", tags=["\ud800"]), "invalid_text"),
        (Draft(to="600111222", type="image"), "invalid_media"),
        (Draft(to="600111222", type="image", media=Media()), "invalid_media"),
        (Draft(to="600111222", type="image", media=Media(url="https://a.b/c", base64="aaaa")), "invalid_media"),
        (Draft(to="600111222", type="image", media=Media(url="ftp://a.b/c")), "invalid_media"),
        (Draft(to="600111222", type="image", media=Media(url="http://localhost/c")), "invalid_media"),
        (Draft(to="600111222", type="image", media=Media(base64="data:image/png;base64,aa")), "invalid_media"),
        (Draft(to="600111222", type="image", media=Media(base64="a" * 40)), "invalid_media"),
        (Draft(to="600111222", type="image", media=Media(url="https://a.b/c", mimetype="a/b")), "invalid_media"),
        (Draft(to="600111222", type="document", media=Media(base64="aaaa")), "invalid_media"),
        (Draft(to="600111222", text="x", media=Media(url="https://a.b/c")), "invalid"),
        (Draft(to="600111222", text="x", expires_at=NOW), "invalid"),
        (Draft(to="600111222", text="x", client_ref=" "), "invalid"),
    ],
)
def test_what_cannot_be_sent_does_not_come_in(draft: Draft, code: str) -> None:
    with pytest.raises(InvalidError) as caught:
        come_in(draft)
    assert caught.value.code == code
    assert caught.value.detail.endswith((".", ")"))


def test_critical_needs_its_own_scope() -> None:
    draft = Draft(to="600111222", text="x", priority="critical")
    with pytest.raises(ForbiddenError):
        come_in(draft)
    assert come_in(draft, critical=True).priority is Priority.CRITICAL


def test_a_scheduled_message_waits_and_a_media_message_keeps_its_file() -> None:
    later = NOW + timedelta(hours=1)
    inline = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    message = come_in(Draft(to="600111222", type="image", media=Media(base64=inline), caption="hi", send_at=later))
    assert (message.state, message.send_at) == (State.SCHEDULED, later)
    assert msgspec.json.decode(message.encoded)["media"]["base64"] == inline


def test_the_same_draft_has_the_same_hash_and_another_a_different_one() -> None:
    first, again, other = (come_in(Draft(to="600111222", text=text)) for text in ("a", "a", "b"))
    assert first.hash == again.hash != other.hash
    assert first.id != again.id
