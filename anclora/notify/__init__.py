"""Telling the people who run this: a notice is a row first, then a message on Slack or by e-mail.

`tell` writes the notice inside the caller's transaction and returns; the `Messenger` delivers it, tries again by
outcome up to a bound, and writes down how that ended. Under one key
nothing is told twice, and nothing is dropped in silence.
"""

from anclora.notify.channels import Channels, build_channels
from anclora.notify.contract import Attachment, Notice, Severity
from anclora.notify.deliver import Messenger
from anclora.notify.read import DeliveryView, NoticeView, find_notice, recent_notices
from anclora.notify.tell import Told, tell

__all__ = [
    "Attachment",
    "Channels",
    "DeliveryView",
    "Messenger",
    "Notice",
    "NoticeView",
    "Severity",
    "Told",
    "build_channels",
    "find_notice",
    "recent_notices",
    "tell",
]
