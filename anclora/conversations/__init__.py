"""Conversations: who talks with which of our numbers since when, how soon we answered, and who has it.

Opened by what people say, kept open by what either side says, closed when nobody says anything for long or by call. The
same facts make the same conversations in whatever order they become known. People are asked for with a reason (a
handoff), and one agent has a conversation at a time. Nothing below knows of this room.
"""

from anclora.conversations.claim import claim
from anclora.conversations.close import close
from anclora.conversations.follow import ConversationFollower
from anclora.conversations.handoff import handoff
from anclora.conversations.model import Conversation, Entry, HandoffReason, State, Talk
from anclora.conversations.release import release

__all__ = [
    "Conversation",
    "ConversationFollower",
    "Entry",
    "HandoffReason",
    "State",
    "Talk",
    "claim",
    "close",
    "handoff",
    "release",
]
