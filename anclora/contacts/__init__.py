"""People: the addresses they are known by, and whether they still want to hear from us.

A person has several addresses (phone, lid, Meta's id), joined by evidence and parted by hand. An opt-out counts from
its commit, under every number: the dispatcher reads it in the same statement that lets a message out.
"""

from anclora.contacts.addresses import Evidence, resolve
from anclora.contacts.consent import opt_in, opt_out
from anclora.contacts.merge import merge
from anclora.contacts.model import Address, Contact
from anclora.contacts.phones import phone_digits
from anclora.contacts.show import show
from anclora.contacts.split import split
from anclora.contacts.zones import set_zone

__all__ = [
    "Address",
    "Contact",
    "Evidence",
    "merge",
    "opt_in",
    "opt_out",
    "phone_digits",
    "resolve",
    "set_zone",
    "show",
    "split",
]
