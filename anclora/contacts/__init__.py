"""People we write to: one row per phone number, and whether they still want to hear from us.

An opt-out counts from its commit: the dispatcher reads it in the same statement that lets a message out.
"""

from anclora.contacts.consent import opt_in, opt_out
from anclora.contacts.model import Contact
from anclora.contacts.phones import phone_digits
from anclora.contacts.show import show
from anclora.contacts.zones import set_zone

__all__ = ["Contact", "opt_in", "opt_out", "phone_digits", "set_zone", "show"]
