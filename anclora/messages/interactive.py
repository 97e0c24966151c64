"""Buttons, lists, templates and statuses of a draft within a provider's limits. Pure.

What goes out as numbered text anyway may be longer: the limits of buttons and lists hold for what is shown as such.
"""

import re
from collections.abc import Mapping, Sequence

from anclora.contacts import phone_digits
from anclora.kit.errors import InvalidError
from anclora.media import StoredFile
from anclora.messages.files import check_url, checked_media
from anclora.messages.parts import ButtonPart, ButtonsPart, ListPart, RowPart, StatusPart, TemplatePart
from anclora.messages.targets import Known
from anclora.messages.words import clean, line, needed
from anclora.providers.contract import (
    Button,
    Buttons,
    Capabilities,
    Choices,
    Limits,
    Media,
    Row,
    Section,
    Status,
    Template,
)

_LINES_AS_TEXT = 30
_CHARS_AS_TEXT = 200
_AUDIENCE = 1_000
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_TEMPLATE = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})?")
_PARAMETER_CHARS = 1_024


def _real(kind: str, limits: Capabilities, *, forced: bool) -> Limits | None:
    """The limits of a content that is shown as what it is; None = it goes out as text."""
    return limits.limits if forced or kind not in limits.degraded else None


def buttons_of(part: ButtonsPart, limits: Capabilities, region: str) -> Buttons:
    """A text with buttons."""
    real = _real("buttons", limits, forced=part.forced)
    buttons = tuple(_button(each, f"buttons.buttons[{place}]", real, region) for place, each in enumerate(part.buttons))
    _check_count(buttons, real)
    if len({button.title.strip() for button in buttons}) != len(buttons):
        raise InvalidError("Two buttons have the same title; people could not tell them apart.", code="invalid_buttons")
    ids = [button.id for button in buttons if button.id is not None]
    if len(set(ids)) != len(ids):
        raise InvalidError(
            "Two buttons have the same id; their answers could not be told apart.", code="invalid_buttons"
        )
    longest = real.interactive_chars if real else limits.text_chars
    edge = (limits.limits.header_chars, limits.limits.footer_chars)
    return Buttons(
        text=needed("buttons.text", part.text, longest),
        buttons=buttons,
        header=line("buttons.header", part.header, edge[0]),
        footer=line("buttons.footer", part.footer, edge[1]),
        forced=part.forced,
    )


def _button(part: ButtonPart, name: str, real: Limits | None, region: str) -> Button:
    given = [each for each in ("url", "phone") if getattr(part, each) is not None]
    if len(given) > 1 or (given and part.id is not None):
        raise InvalidError(
            f"{name} has {' and '.join((*given, *(['id'] if part.id is not None else [])))}; a button answers (id), "
            "opens (url) or calls (phone).",
            code="invalid_buttons",
        )
    title = line(f"{name}.title", part.title, real.button_chars if real else _CHARS_AS_TEXT)
    if title is None:
        raise InvalidError(f"{name}.title is empty; write what stands on the button.", code="empty_text")
    if part.url is not None:
        return Button(title=title, url=check_url(f"{name}.url", part.url))
    if part.phone is not None:
        return Button(title=title, phone=phone_digits(part.phone, region))
    return Button(title=title, id=needed(f"{name}.id", title if part.id is None else part.id, Limits().button_id_chars))


def _check_count(buttons: Sequence[Button], real: Limits | None) -> None:
    answers = sum(button.id is not None for button in buttons)
    links = len(buttons) - answers
    if not buttons:
        raise InvalidError("buttons.buttons is empty; at least one button is needed.", code="invalid_buttons")
    if real is None:
        if len(buttons) > _LINES_AS_TEXT:
            raise InvalidError(f"More than {_LINES_AS_TEXT} buttons; make it two messages.", code="invalid_buttons")
        return
    if answers > real.reply_buttons or links > real.link_buttons:
        raise InvalidError(
            f"At most {real.reply_buttons} buttons that answer, or {real.link_buttons} that open or call; these are "
            f"{answers} and {links}.",
            code="invalid_buttons",
        )
    if answers and links and not real.mixed_buttons:
        raise InvalidError(
            "Buttons that answer cannot stand beside ones that open or call; make it two messages.",
            code="invalid_buttons",
        )


def choices_of(part: ListPart, limits: Capabilities) -> Choices:
    """A text with a list."""
    real = _real("list", limits, forced=part.forced)
    most = (real.sections, real.rows) if real else (_LINES_AS_TEXT, _LINES_AS_TEXT)
    rows = [row for section in part.sections for row in section.rows]
    if not 1 <= len(part.sections) <= most[0] or not 1 <= len(rows) <= most[1]:
        raise InvalidError(
            f"list has {len(rows)} rows in {len(part.sections)} sections; 1 to {most[1]} rows in 1 to {most[0]} "
            "sections are allowed.",
            code="invalid_list",
        )
    if any(not section.rows for section in part.sections):
        raise InvalidError("A section of list.sections has no rows; leave it out.", code="invalid_list")
    if len(part.sections) > 1 and any(not (section.title or "").strip() for section in part.sections):
        raise InvalidError("Each of several sections of list.sections needs a title.", code="invalid_list")
    if len({row.id for row in rows}) != len(rows):
        raise InvalidError("Two rows of list have the same id; they could not be told apart.", code="invalid_list")
    sections = tuple(
        Section(
            title=line(
                f"list.sections[{at}].title", section.title, real.section_title_chars if real else _CHARS_AS_TEXT
            ),
            rows=tuple(_row(row, f"list.sections[{at}].rows[{place}]", real) for place, row in enumerate(section.rows)),
        )
        for at, section in enumerate(part.sections)
    )
    return Choices(
        text=needed("list.text", part.text, real.interactive_chars if real else limits.text_chars),
        button=needed("list.button", line("list.button", part.button, limits.limits.list_button_chars), 255),
        sections=sections,
        header=line("list.header", part.header, limits.limits.header_chars),
        footer=line("list.footer", part.footer, limits.limits.footer_chars),
        forced=part.forced,
    )


def _row(part: RowPart, name: str, real: Limits | None) -> Row:
    longest = (real.row_title_chars, real.row_description_chars) if real else (_CHARS_AS_TEXT, _CHARS_AS_TEXT)
    title = line(f"{name}.title", part.title, longest[0])
    if title is None:
        raise InvalidError(f"{name}.title is empty; write what stands in the line.", code="empty_text")
    return Row(
        id=needed(f"{name}.id", part.id, Limits().row_id_chars),
        title=title,
        description=line(f"{name}.description", part.description, longest[1]),
    )


def template_of(part: TemplatePart, limits: Capabilities, files: Mapping[str, StoredFile]) -> Template:
    """A template by name, with its fills."""
    if _TEMPLATE.fullmatch(part.name) is None:
        raise InvalidError(
            "template.name has small letters, digits and _ only, as Meta lists it.", code="invalid_template"
        )
    if _LANGUAGE.fullmatch(part.language) is None:
        raise InvalidError("template.language is a code such as es or en_US.", code="invalid_template")
    header: Media | str | None = part.header
    if isinstance(header, Media):
        file = files.get(header.stored or "")
        kind = (file.mimetype if file else header.mimetype or "").partition("/")[0]
        kind = kind if kind in ("image", "video") else "document"
        header = checked_media(header, kind, "template.header", limits, files)
    elif header is not None:
        header = line("template.header", header, limits.limits.header_chars)
    buttons = (clean(f"template.buttons[{at}]", each, _PARAMETER_CHARS) for at, each in enumerate(part.buttons))
    return Template(
        name=part.name,
        language=part.language,
        body=tuple(needed(f"template.body[{at}]", each, _PARAMETER_CHARS) for at, each in enumerate(part.body)),
        header=header,
        buttons=tuple(buttons),
    )


def status_of(part: StatusPart, limits: Capabilities, region: str, known: Known) -> Status:
    """A status for those named, and nobody who opted out."""
    audience = tuple(dict.fromkeys(phone_digits(number, region) for number in part.audience))
    if not 1 <= len(audience) <= _AUDIENCE:
        raise InvalidError(
            f"status.audience has {len(audience)} people; 1 to {_AUDIENCE} are allowed.", code="audience"
        )
    unwilling = [place for place, digits in enumerate(audience) if digits in known.opted_out]
    if unwilling:
        raise InvalidError(
            f"{len(unwilling)} of status.audience opted out (the first is number {unwilling[0] + 1}); leave them out.",
            code="audience",
        )
    if part.kind == "text":
        if part.media is not None:
            raise InvalidError("A status of words has no media; set status.kind, or leave it out.")
        if _COLOR.fullmatch(part.color) is None:
            raise InvalidError("status.color is written #RRGGBB.")
        text = needed("status.text", part.text, limits.caption_chars)
        return Status(text=text, color=part.color, audience=audience)
    if part.kind == "audio" and part.text is not None:
        raise InvalidError("A status of sound has no text; leave status.text out.")
    media = checked_media(part.media, part.kind, "status.media", limits, known.files)
    text = clean("status.text", part.text, limits.caption_chars)
    return Status(kind=part.kind, media=media, text=text, audience=audience)
