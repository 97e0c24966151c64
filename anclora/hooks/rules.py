"""The decisions of webhooks out. Pure: the clock and the dice are passed in.

An endpoint has one schedule: when a request fails, nothing goes to it until its wait is over. A request of several that
failed is cut in half each time, until one event fails alone; that one is set aside with a schedule of its own, which
holds back later events of its own subject only, and as long as nothing else fails its tries close the endpoint for
nobody. So an endpoint that is down is not hammered, and one event that it
cannot digest does not stop the others.
"""

import hashlib
import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from anclora.events import EventType, matches
from anclora.hooks.model import Delivery, Hook
from anclora.kit.backoff import backoff_seconds
from anclora.kit.errors import InvalidError

TRIES_FOR = timedelta(hours=24)
OLD_SECRET_FOR = timedelta(hours=24)
AT_ONCE = 4  # requests side by side to an endpoint that is well
FEWEST_FAILURES = 5  # before an endpoint is paused, however long they took
_LONGEST_WISH_SECONDS = 6 * 3600.0


def good_secrets(hook: Hook, now: datetime) -> list[str]:
    """The present secret, and the one before within its day."""
    old = hook.old_secret if hook.old_secret_until and hook.old_secret_until > now else None
    return [hook.secret, old] if old else [hook.secret]


def webhook_id_of(ids: Sequence[UUID]) -> str:
    """The header `webhook-id`: of one event its id; of several a name for just these, the same when they go again."""
    if len(ids) == 1:
        return str(ids[0])
    return "batch_" + hashlib.sha256(b"".join(each.bytes for each in ids)).hexdigest()[:40]


def wait_seconds(failures: int, wish_seconds: float | None, dice: random.Random | None = None) -> float:
    """How long an endpoint is left alone: 5 s, 10 s, 20 s … 15 min, or as long as it asks for, up to six hours."""
    own = backoff_seconds(failures, base=5.0, cap=900.0, dice=dice)
    return max(own, min(wish_seconds or 0.0, _LONGEST_WISH_SECONDS))


def alone_wait_seconds(alone: int, dice: random.Random | None = None) -> float:
    """How long an event that failed alone is set aside: 30 s, 90 s, 4.5 min … 2 h, some 16 tries in 24 hours."""
    return backoff_seconds(alone, base=30.0, cap=7_200.0, factor=3.0, dice=dice)


def next_try_at(delivery: Delivery, now: datetime, dice: random.Random | None = None) -> datetime:
    """Until when an event that failed alone just now is set aside; the last try is at the end of its 24 hours."""
    wait = timedelta(seconds=alone_wait_seconds(delivery.alone + 1, dice))
    return min(now + wait, (delivery.first_tried_at or now) + TRIES_FOR)


def is_over(delivery: Delivery, now: datetime) -> bool:
    """Whether its 24 hours are over."""
    return delivery.first_tried_at is not None and now - delivery.first_tried_at >= TRIES_FOR


def fails_persistently(
    failures: int, failing_since: datetime, now: datetime, *, after_seconds: float, sole: bool = False
) -> bool:
    """Whether an endpoint is to be paused: nothing but failures for so long.

    Args:
        failures: in a row.
        failing_since: the first of them.
        now: the present moment.
        after_seconds: so long.
        sole: all were of one subject, whose event may be to blame: then not before that event is given up.
    """
    after = max(timedelta(seconds=after_seconds), TRIES_FOR) if sole else timedelta(seconds=after_seconds)
    return failures >= FEWEST_FAILURES and now - failing_since >= after


def suspect_of(hook: Hook, subjects: Collection[str], *, first: bool) -> str | None:
    """The one subject all failures in a row are of, these included; `first` = a row begins with these."""
    [one, *others] = {*subjects} if first else {*subjects, hook.suspect}
    return None if others else one


def blames_the_event(suspect: str | None, failed: Sequence[Delivery]) -> bool:
    """Whether a failure says nothing of the endpoint: an event that failed alone before did so again, and no other."""
    return suspect is not None and len(failed) == 1 and failed[0].alone > 0


def size_of(hook: Hook) -> int:
    """Events in one request to it now."""
    return min(hook.width or hook.batch_size, hook.batch_size)


def width_after(hook: Hook, failed: Sequence[Sequence[Delivery]]) -> int | None:
    """Half of the smallest that failed; after a success twice as many as before, until it is as many as asked for.

    What failed alone before says nothing about the others.
    """
    sizes = [len(each) for each in failed if not each[0].alone]
    if sizes:
        return max(1, min(sizes) // 2)
    if failed:
        return hook.width
    wider = size_of(hook) * 2
    return None if hook.width is None or wider >= hook.batch_size else wider


def share(deliveries: Sequence[Delivery], size: int, requests: int) -> list[list[Delivery]]:
    """Requests that may go side by side: no subject is in two of them, and in each it keeps its order.

    What failed alone before goes alone again, so that it spoils no other's request.

    Args:
        deliveries: in order.
        size: deliveries in one request at most.
        requests: at most so many; what fits in none waits.
    """
    groups: list[list[Delivery]] = []
    homes: dict[str, list[Delivery] | None] = {}
    for each in deliveries:
        if each.subject not in homes:
            home = None if each.alone else next((g for g in groups if len(g) < size and not g[0].alone), None)
            if home is None and len(groups) < requests:
                home = []
                groups.append(home)
            homes[each.subject] = home
        home = homes[each.subject]
        if home is None or len(home) >= size or (home and (each.alone or home[0].alone)):
            homes[each.subject] = None  # nothing later of this subject may overtake it
        else:
            home.append(each)
    return groups


def check_url(url: str) -> str:
    """A URL as it is kept. What its name resolves to is looked at whenever it is connected to.

    Raises:
        InvalidError: `bad_hook_url`.
    """
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, fine = urlsplit(""), False
    if not fine or not url.isascii() or any(each.isspace() or each < "!" for each in url):
        raise InvalidError("Give the whole address: https://host/path, in ASCII.", code="bad_hook_url")
    if "@" in parts.netloc:
        raise InvalidError("Leave user and password out of the URL; the signature proves us.", code="bad_hook_url")
    if parts.fragment:
        raise InvalidError("Leave the part behind # out; no server ever sees it.", code="bad_hook_url")
    return url


def check_types(types: Sequence[str]) -> list[str]:
    """Types and patterns, each once.

    Raises:
        InvalidError: `unknown_event_type`; one that no event fits.
    """
    for each in types:
        if not any(matches([each], known) for known in EventType):
            known = ", ".join(EventType)
            raise InvalidError(
                f"No event fits {each[:60]!a}. There are: {known}; and patterns like message.* and *.",
                code="unknown_event_type",
            )
    return list(dict.fromkeys(types))
