"""How GitHub's API is spoken to, and what it says when it refuses."""

from typing import Any

import msgspec

from anclora.kit.wire import Answer


class _Refusal(msgspec.Struct):
    message: str = ""
    errors: list[Any] = []


def github_headers(token: str) -> dict[str, str]:
    """Sent with every request. The version is named, since GitHub changes answers with it."""
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def refusal(answer: Answer) -> str:
    """Why, in GitHub's words: its message, and each error by its own message or the field that is wrong."""
    try:
        said = msgspec.json.decode(answer.body, type=_Refusal)
    except msgspec.MsgspecError:
        return "it does not say why"
    words = [said.message, *(_error(each) for each in said.errors)]
    return "; ".join(word for word in words if word) or "it does not say why"


def _error(error: Any) -> str:
    """Most are objects, where `code` is `custom` and a message explains or a field and a code do; some are words."""
    if not isinstance(error, dict):
        return str(error)
    return str(error.get("message") or f"{error.get('field', '')} {error.get('code', '')}".strip())
