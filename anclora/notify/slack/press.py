"""What Slack posts when a button is pressed, and the private answer to whoever pressed it.

Source: docs.slack.dev, handling user interaction; `block_actions` payloads (documented only: no workspace was asked).
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import msgspec

from anclora.kit.errors import InvalidError
from anclora.kit.http import Poster
from anclora.kit.logging import get_logger
from anclora.kit.wire import Answer
from anclora.notify.actions import Press
from anclora.notify.slack.rendering import escaped

log = get_logger(__name__)
_TIMEOUT_SECONDS = 10.0
_HOST = "hooks.slack.com"
_TEXT_CHARS = 500


class _User(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    username: str = ""
    name: str = ""


class _Pushed(msgspec.Struct, frozen=True, kw_only=True):
    action_id: str
    value: str = ""


class _Payload(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    user: _User | None = None
    actions: Sequence[_Pushed] = ()
    response_url: str = ""


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """A press, and where its answer goes; `response_url` may be empty."""

    press: Press
    response_url: str


_decode = msgspec.json.Decoder(_Payload).decode


def pressed(body: bytes, now: datetime) -> Pressed | None:
    """The press in a form; None = it is some other interaction, which we do nothing about.

    Raises:
        InvalidError: it is no form with a payload of Slack's.
    """
    try:
        [payload] = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=10)["payload"]
        found = _decode(payload)
    except (ValueError, KeyError, RecursionError) as error:  # msgspec's and Unicode's errors are ValueErrors
        raise InvalidError("This is no form with a payload as Slack posts it.") from error
    if found.type != "block_actions" or not found.actions or found.user is None:
        return None
    first = found.actions[0]
    press = Press(
        action=first.action_id,
        value=first.value,
        via="slack",
        by=found.user.id,
        name=found.user.username or found.user.name,
        at=now,
    )
    return Pressed(press=press, response_url=found.response_url)


async def say_back(url: str, text: str, *, api_url: str) -> bool:
    """Tell whoever pressed, and nobody else; whether Slack took it. It is told once: the act itself is committed.

    Args:
        url: `response_url` of the press; anything but Slack's own address is left alone.
        text: one sentence, plain.
        api_url: root of the Web API of the settings: whoever stands in for Slack there may be answered too.
    """
    parts, own = urlsplit(url), urlsplit(api_url)
    slacks = parts.scheme == "https" and parts.netloc == _HOST
    if not slacks and (not parts.netloc or (parts.scheme, parts.netloc) != (own.scheme, own.netloc)):
        return False
    body = {"response_type": "ephemeral", "replace_original": False, "text": escaped(text[:_TEXT_CHARS])}
    poster = Poster(f"{parts.scheme}://{parts.netloc}", connections=1)
    try:
        result = await poster.post(parts.path, msgspec.json.encode(body), timeout_seconds=_TIMEOUT_SECONDS)
    finally:
        await poster.close()
    took = isinstance(result, Answer) and result.status == 200
    if not took:
        log.warning("press_not_answered", status=result.status if isinstance(result, Answer) else result.code)
    return took
