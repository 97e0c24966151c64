"""Following a short link: where it leads, the click, and the conversion it records, in one transaction."""

from collections.abc import Mapping

from anclora.conversions.model import Desk, Wish
from anclora.conversions.record import record_all
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger
from anclora.links import Followed, follow
from anclora.storage.database import Database

log = get_logger(__name__)


async def click(db: Database, token: str, *, method: str, headers: Mapping[str, str], desk: Desk) -> str | None:
    """Where to send whoever asks; None = the token leads nowhere.

    The first click of a person records the link's conversion, with the link as its external id; a scanner's never does.

    Args:
        db: the ledger.
        token: as it came.
        method: GET or HEAD.
        headers: of the request, names in lower case.
        desk: its account and actor are the link's own from here on.
    """
    async with db.transaction() as conn:
        followed = await follow(conn, token, method=method, headers=headers, now=desk.now)
        if followed is None:
            return None
        if followed.conversion_kind is not None and followed.contact_id is not None and followed.click.scanner is None:
            whose = Desk(
                account=followed.account,
                actor=f"link:{followed.id}",
                now=desk.now,
                region=desk.region,
                window_days=desk.window_days,
            )
            [end] = await record_all(conn, [_wish(followed)], whose, source="link")
            if isinstance(end, AncloraError):
                # The person gets where they want to go in any case.
                log.warning("link_conversion_refused", link=str(followed.id), code=end.code, error=end.detail)
    return followed.url


def _wish(followed: Followed) -> Wish:
    """Without the message: the click itself is the touch, and it knows its message."""
    return Wish(
        kind=followed.conversion_kind or "",
        contact=str(followed.contact_id),
        external_id=f"link:{followed.id}",
    )
