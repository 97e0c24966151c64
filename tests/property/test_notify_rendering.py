"""Whatever is told: Slack reads none of it as its own markup, mail carries it letter by letter, both keep limits."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from hypothesis import assume, given
from hypothesis import strategies as st

from anclora.kit.ids import new_id
from anclora.notify.contract import TITLE_CHARS, Attachment, Notice, Outgoing, check_notice
from anclora.notify.email.rendering import rendered as mailed
from anclora.notify.slack.rendering import TEXT_CHARS
from anclora.notify.slack.rendering import rendered as slacked

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
