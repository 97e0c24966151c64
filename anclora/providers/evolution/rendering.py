"""What people really see: buttons and lists as numbered text, because a paired phone's are mostly not drawn.

The text is what the fingerprint of the message is taken of: whoever changes it here makes messages in doubt impossible
to find again, so it stays as it is.
"""

from collections.abc import Iterator, Sequence

from msgspec import structs

from anclora.providers.contract import Button, Buttons, Choices, Content, Text


def rendered(content: Content) -> Content:
    """The content as it goes out; everything that is shown as it is comes back itself."""
    if isinstance(content, Buttons):
        return _headed(content) if content.forced else _as_text(content, _button_lines(content.buttons))
    if isinstance(content, Choices) and not content.forced:
        return _as_text(content, _row_lines(content))
    return content


def _as_text(content: Buttons | Choices, lines: Iterator[str]) -> Text:
    parts = [f"*{content.header}*" if content.header else "", content.text, "\n".join(lines), content.footer or ""]
    text = "\n\n".join(part for part in parts if part)
    return Text(text=text, quoted=content.quoted, mentions=content.mentions)


def _button_lines(buttons: Sequence[Button]) -> Iterator[str]:
    """Answers are numbered, so that a person can write the number; what opens or calls says where."""
    number = 0
    for button in buttons:
        if button.url is not None:
            yield f"{button.title}: {button.url}"
        elif button.phone is not None:
            yield f"{button.title}: +{button.phone.removeprefix('+')}"
        else:
            number += 1
            yield f"{number}. {button.title}"


def _row_lines(content: Choices) -> Iterator[str]:
    number = 0
    for section in content.sections:
        if section.title:
            yield f"{chr(10) if number else ''}*{section.title}*"
        for row in section.rows:
            number += 1
            yield f"{number}. {row.title}" + (f": {row.description}" if row.description else "")


def _headed(content: Buttons) -> Buttons:
    """Forced buttons with the header the server insists on: without one the first of several lines becomes it.

    The server joins both to `*header*`, an empty line and the text; so the first line is always the header, and the
    rest the text when a look-up shows them (`shapes`).
    """
    if content.header:
        return content
    first, _, rest = content.text.strip().partition("\n")
    if not rest.strip():
        return structs.replace(content, text=first.strip())
    return structs.replace(content, header=first.strip(), text=rest.strip())
