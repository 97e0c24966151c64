"""Telling the people who run this: a notice is a row first, then a page, a message, a mail or a call.

`tell` and `route` write it inside the caller's transaction; the `Messenger` delivers it, takes a second path when the
first is closed or silent, and writes down how that ended. `follow` tells whoever heard how an incident goes on.
Under one key nothing is told twice to one target, and nothing is dropped in silence.
"""

from anclora.notify.actions import ACKNOWLEDGE, ESCALATE, OnAction, Press, Reply
from anclora.notify.channels import Channels, build_channels
from anclora.notify.contract import Action, Attachment, Fact, Kind, Link, Notice
from anclora.notify.deliver import Messenger
from anclora.notify.follow import follow
from anclora.notify.read import DeliveryView, NoticeView, find_notice, offered, recent_notices
from anclora.notify.route import route
from anclora.notify.tell import Told, tell
from anclora.notify.trial import trial
from anclora.notify.ways import Leg, Rung

__all__ = [
    "ACKNOWLEDGE",
    "ESCALATE",
    "Action",
    "Attachment",
    "Channels",
    "DeliveryView",
    "Fact",
    "Kind",
    "Leg",
    "Link",
    "Messenger",
    "Notice",
    "NoticeView",
    "OnAction",
    "Press",
    "Reply",
    "Rung",
    "Told",
    "build_channels",
    "find_notice",
    "follow",
    "offered",
    "recent_notices",
    "route",
    "tell",
    "trial",
]
