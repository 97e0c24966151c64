"""Webhooks out: integrators subscribe to types of events, and each gets every event once per id, in order per subject.

What features append to `events` is passed on to a row per subscription, exactly once, and posted from there in signed
batches: at least once, with the same id, until it was taken or 24 hours of tries are over. An endpoint that only fails
is paused with a notice and loses nothing; what was told can be told again. No request leaves for our own network.
"""

from anclora.hooks.addresses import CheckedResolver, RefusedAddressError, networks
from anclora.hooks.deliver import Courier
from anclora.hooks.fan_out import FanOut
from anclora.hooks.model import Hook, HookChange, HookDraft
from anclora.hooks.post import Post
from anclora.hooks.sweep import EventPrune, HookSweep

__all__ = [
    "CheckedResolver",
    "Courier",
    "EventPrune",
    "FanOut",
    "Hook",
    "HookChange",
    "HookDraft",
    "HookSweep",
    "Post",
    "RefusedAddressError",
    "networks",
]
