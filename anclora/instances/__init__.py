"""Our numbers: which provider carries each, whether it is connected, whose it is, the secret of its webhook.

The rows are the expected set: a number the provider no longer shows is `missing`, never forgotten. `InstanceBook` is
every process's view of them, at most five seconds old; `register` brings rows and provider together. `watch` judges by
the traffic whether a number is what it says; `remedies` decides what is done about one that is not.
"""

from anclora.instances.book import BookKeeper, InstanceBook
from anclora.instances.model import Instance, Status, reason_of, status_of
from anclora.instances.register import connect_webhooks, register
from anclora.instances.webhook_secret import accepts, rotate

__all__ = [
    "BookKeeper",
    "Instance",
    "InstanceBook",
    "Status",
    "accepts",
    "connect_webhooks",
    "reason_of",
    "register",
    "rotate",
    "status_of",
]
