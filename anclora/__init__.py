"""Anclora: a dispatch queue that never loses or doubles a WhatsApp message, and runs itself."""

from importlib.metadata import version

__version__ = version("anclora-whatsapp")
