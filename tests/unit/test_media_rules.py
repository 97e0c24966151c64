"""What a file is: its bytes say it, and its sender only where they leave it open, in a form that is safe to repeat."""

import pytest

from anclora.media import mimetype_of

PNG = b"\x89PNG\r\n\x1a\n"
ZIP = b"PK\x03\x04"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("head", "said", "found"),
    [
        (PNG, "text/html", "image/png"),
        (ZIP, DOCX, DOCX),
        (ZIP, None, "application/zip"),
        (b"hola", "Text/Plain; charset=utf-8", "text/plain"),
        (b"hola", "image/png", "application/octet-stream"),
    ],
)
def test_bytes_go_before_words(head: bytes, said: str | None, found: str) -> None:
    assert mimetype_of(head, said) == found


@pytest.mark.parametrize(
    "said",
    [
        "text/plain\r\nset-cookie: a=b",
        "text/plain\x00",
        "text/☃",
        "text",
        "/",
        "text/ plain",
        f"text/{'a' * 200}",
        "text/html\n",
    ],
)
def test_what_is_no_name_of_a_type_is_not_believed(said: str) -> None:
    found = mimetype_of(b"hola", said)
    assert found in ("application/octet-stream", "text/html")
    assert "\n" not in found
