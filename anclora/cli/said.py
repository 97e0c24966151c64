"""What a message says, in one line for people: of every type the part that tells it from others."""

from typing import Any

from anclora.kit.said import REDACTED

_CHARS = 120


def said(content: dict[str, Any] | None) -> str | None:
    """A content as the API shows it, as one line; None for what has no words."""
    if not content:
        return None
    if "redacted" in content:
        return REDACTED
    kind = content.get("type")
    media = content.get("media") or {}
    file = media.get("filename") or media.get("url") or media.get("stored") or ("a file" if media else None)
    match kind:
        case "location":
            words = f"{content['latitude']}, {content['longitude']} {content.get('name') or ''}"
        case "contacts":
            words = ", ".join(card["name"] for card in content["contacts"])
        case "reaction":
            words = f"{content.get('emoji') or 'takes back its reaction'} to {content['target']['provider_id']}"
        case "poll":
            words = f"{content['question']} {' / '.join(content['options'])}"
        case "buttons":
            words = f"{content['text']} [{'] ['.join(button['title'] for button in content['buttons'])}]"
        case "list":
            rows = [row["title"] for section in content["sections"] for row in section["rows"]]
            words = f"{content['text']} [{'] ['.join(rows)}]"
        case "template":
            words = f"{content['name']} ({content['language']}) {' / '.join(content.get('body', ()))}"
        case _:
            words = " ".join(str(part) for part in (content.get("text"), content.get("caption"), file) if part)
    plain = " ".join(words.split())
    answered = content.get("quoted")
    plain = f"{plain} (answers {answered['provider_id']})" if answered else plain
    return plain if len(plain) <= _CHARS else f"{plain[: _CHARS - 1]}…"
