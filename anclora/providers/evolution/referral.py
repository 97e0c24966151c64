"""The advertisement that brought somebody, as Evolution API passes it on in `contextInfo`.

Source: WhatsApp's protocol as Baileys names it, `ContextInfo.externalAdReply` (`ExternalAdReplyInfo`: `sourceType`,
`sourceId`, `sourceUrl`, `title`, `ctwaClid`). The same member shows the card of a link that somebody forwards, without
a source id: that is no advertisement. No recording has one, so whatever has another shape is left out.
"""

import msgspec

from anclora.providers.contract import Referral
from anclora.providers.evolution.shapes import UNREADABLE

# ruff: noqa: N815 - the names are the wire's


class _Card(msgspec.Struct):
    sourceType: str | None = None
    sourceId: str | int | None = None
    sourceUrl: str | None = None
    title: str | None = None
    ctwaClid: str | None = None


class _Context(msgspec.Struct):
    externalAdReply: _Card | None = None


_context = msgspec.json.Decoder(_Context)


def referral_in(raw: msgspec.Raw) -> Referral | None:
    """What brought them; None = nothing that says so."""
    try:
        card = _context.decode(raw).externalAdReply
    except UNREADABLE:
        return None
    if card is None or not (card.sourceId or card.ctwaClid):
        return None
    return Referral(
        source_type=card.sourceType or None,
        source_id=str(card.sourceId) if card.sourceId else None,
        url=card.sourceUrl or None,
        headline=card.title or None,
        click_id=card.ctwaClid or None,
    )
