"""Where a link may lead, and who is no person. Pure.

Links in messages are fetched by programs before people see them: WhatsApp makes a preview of the first link of a text,
networks and mail filters look for harm, browsers fetch ahead. None of them wanted to visit anything.
"""

import re
import secrets
import string
from collections.abc import Mapping
from importlib.resources import files

from yarl import URL

from anclora.kit.errors import InvalidError
from anclora.links.model import AgentClass

TOKEN_CHARS = 20  # of 62 symbols: 119 bits
_ALPHABET = string.ascii_letters + string.digits
_LONGEST_URL = 2_000
_FASTEST_SECONDS = 3.0
_MOBILE = ("android", "iphone", "ipad", "mobile")


def _read_known() -> Mapping[str, str]:
    lines = (files(__package__ or __name__) / "scanners.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t", 1) for line in lines if line and not line.startswith("#"))
    return {needle.lower(): who.strip() for needle, who in pairs}


KNOWN: Mapping[str, str] = _read_known()


def new_token() -> str:
    """A token nobody can guess."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(TOKEN_CHARS))


def checked_url(text: str) -> str:
    """The address a link leads to: as it was given, or in ASCII where it was not.

    Raises:
        InvalidError: `bad_link_url`: not http or https, or with a user name, or no address at all.
    """
    # A backslash is a slash to browsers and none to us; a space or a control character ends a header.
    if len(text) > _LONGEST_URL or "\\" in text or not text.isprintable() or any(char.isspace() for char in text):
        raise _bad(f"it must be printable, without spaces and backslashes, in up to {_LONGEST_URL} characters")
    try:
        url = URL(text)
        port = url.port
    except (ValueError, UnicodeError) as error:
        raise _bad(str(error)) from error
    if url.scheme not in ("http", "https") or not url.host or not port:
        raise _bad("it must begin with http:// or https:// and name a host")
    if "@" in re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]:
        raise _bad("it must not hold a user name or a password")
    return text if text.isascii() else str(url)  # written anew, an address may lose what its signature covers


def agent_class(agent: str) -> AgentClass:
    """The kind of device a User-Agent speaks of."""
    said = agent.lower()
    if not said.startswith("mozilla/"):
        return "other"
    return "mobile" if any(word in said for word in _MOBILE) else "desktop"


def why_scanner(method: str, headers: Mapping[str, str], since_sent_seconds: float | None) -> str | None:
    """Why this request was made by a program and not by a person; None = it looks like a person.

    Args:
        method: GET or HEAD.
        headers: of the request, names in lower case.
        since_sent_seconds: since the message with the link was sent; None = it stands in none of ours.
    """
    agent = headers.get("user-agent", "")
    if method == "HEAD":
        return "it asked for the head only"
    if any("prefetch" in headers.get(name, "").lower() for name in ("purpose", "sec-purpose", "x-moz", "x-purpose")):
        return "a browser fetched ahead"
    if not agent.strip():
        return "it names no browser"
    said = agent.lower().replace("cubot", "")  # a make of telephones
    known = next((who for needle, who in KNOWN.items() if needle in said), None)
    if known is not None:
        return known
    kind = agent_class(agent)
    if kind != "mobile" and since_sent_seconds is not None and since_sent_seconds < _FASTEST_SECONDS:
        return f"no telephone, and within {_FASTEST_SECONDS:.0f} s of sending"
    return None


def _bad(why: str) -> InvalidError:
    return InvalidError(f"A link cannot lead there: {why}.", code="bad_link_url")
