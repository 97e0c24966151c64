"""The advertisement that brought somebody, as Meta's webhooks tell it beside the first message.

Source: Meta, "Webhooks components", object `referral` of a message (`ctwa_clid`, `source_type`, `source_id`, …). Only
documented, never recorded here: whatever of it has another shape is left out, and the message is heard all the same.
"""

import msgspec

from anclora.providers.cloud.shapes import EMPTY, read
from anclora.providers.contract import Referral


class _Referral(msgspec.Struct):
    source_type: str | None = None
    source_id: str | int | None = None
    source_url: str | None = None
    headline: str | None = None
    ctwa_clid: str | None = None


_referral = msgspec.json.Decoder(_Referral)


def referral_in(raw: msgspec.Raw) -> Referral | None:
    """What brought them; None = nothing that says so."""
    found = None if raw is EMPTY else read(_referral, raw)
    if found is None:
        return None
    referral = Referral(
        source_type=found.source_type or None,
        source_id=str(found.source_id) if found.source_id else None,
        url=found.source_url or None,
        headline=found.headline or None,
        click_id=found.ctwa_clid or None,
    )
    return None if referral == Referral() else referral
