"""Whatever is told: Slack reads none of it as its own markup, mail carries it letter by letter, both keep limits."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from xml.etree import ElementTree as ET

from hypothesis import assume, given
from hypothesis import strategies as st

from anclora.kit.ids import new_id
from anclora.notify.contract import TITLE_CHARS, Action, Attachment, Fact, Kind, Notice, Outgoing, check_notice
from anclora.notify.email.rendering import rendered as mailed
from anclora.notify.slack.blocks import drawn, drawn_again
from anclora.notify.slack.rendering import TEXT_CHARS
from anclora.notify.slack.rendering import rendered as slacked
from anclora.notify.twilio.call import TWIML_CHARS
from anclora.notify.twilio.call import spoken as spoken_words
from tests.slack_blocks import shown, wrong_with

AT = datetime(2026, 11, 27, 18, tzinfo=UTC)
# Printable signs and spaces; and everything that can be stored.
LINE = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=TITLE_CHARS)
_ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=400)
TEXT = _ANY | st.builds(lambda text, times: text * times, LINE, st.integers(1, 130))


def told(title: str, text: str, *files: Attachment) -> Notice:
    """The notice: every one of these may be told."""
    assume(title.strip() and text.strip())
    notice = Notice(title=title, text=text, key="k", attachments=files)
    check_notice(notice)
    return notice


@given(LINE, TEXT)
def test_slack_reads_no_markup_and_no_text_is_too_long(title: str, text: str) -> None:
    notice = told(title, text)
    shown = slacked(notice, new_id())
    assert len(shown) <= TEXT_CHARS
    assert not set("<>") & set(shown)
    plain = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert title in plain
    assert text in plain or "cut here" in plain


@given(LINE, TEXT, st.binary(min_size=1, max_size=300))
def test_mail_carries_words_and_files_as_they_are(title: str, text: str, data: bytes) -> None:
    file = Attachment(name="informe.pdf", mimetype="application/pdf", data=data)
    notice = told(title, text, file)
    raw = mailed(Outgoing(id=new_id(), target="a@example.com", at=AT, notice=notice), "b@example.com")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))  # RFC 5322, 2.1.1
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert [name for name in message if name == "Subject"] == ["Subject"]
    body = message.get_body(("plain",))
    assert body is not None
    assert "".join(str(message["Subject"]).split()) == "".join(title.split())
    assert _lines(body.get_content()) == _lines(text)
    assert [part.get_content() for part in message.iter_attachments()] == [data]


def _lines(text: str) -> list[str]:
    """Line ends are the mail's own; everything else is ours."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


FACTS = st.lists(
    st.builds(Fact, name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40), value=_ANY),
    max_size=10,
)


@given(LINE, TEXT, FACTS)
def test_slack_can_draw_every_alarm_and_reads_no_markup_in_it(title: str, text: str, facts: list[Fact]) -> None:
    assume(title.strip() and text.strip() and all(len(fact.value) <= 300 for fact in facts))
    actions = [Action(id="acknowledge", label=title[:40].strip() or "x", value="7")]
    alarm = Notice(title=title, text=text, key="k", incident="7", facts=facts, actions=actions)
    check_notice(alarm)
    news = Notice(title=title, text=text, key="k2", incident="7", kind=Kind.RESOLVE)
    for blocks in (drawn(alarm, new_id(), buttons=True), drawn_again(alarm, new_id(), news, buttons=True)):
        assert wrong_with(blocks) is None
        spoken = [block for block in blocks if block["type"] in ("section", "context")]  # plain text has no markup
        assert not set("<>") & set(shown(spoken))
    whole = "".join(shown([block]) for block in drawn(alarm, new_id(), buttons=True) if block["type"] != "actions")
    plain = whole.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert _letters(text) in _letters(plain) or "cut here" in plain


@given(LINE, TEXT)
def test_a_call_is_xml_whatever_is_said_and_keeps_its_limit(title: str, text: str) -> None:
    assume(title.strip() and text.strip())
    actions = [Action(id="acknowledge", label=title[:40].strip() or "x", value="7")]
    twiml = spoken_words(Notice(title=title, text=text, key="k", actions=actions), "es", "https://x.example/?a=1&b=2")
    assert len(twiml) <= TWIML_CHARS
    assert ET.fromstring(twiml).tag == "Response"  # noqa: S314 - our own words


def _letters(text: str) -> str:
    """Without what blocks break at."""
    return "".join(text.split())
