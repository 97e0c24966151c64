"""Meta's Cloud API behind the provider contract.

`adapter` sends and asks, `payloads` builds bodies, `media` uploads files, `error_table` says what every code of Meta
means and `errors` reads answers by it, `webhook` and `inbound` turn bodies into events, `numbers` reads numbers, limits
and templates, `signature` proves webhooks.
"""

from anclora.providers.cloud.adapter import CloudProvider
from anclora.providers.cloud.signature import signature_of, signed

__all__ = ["CloudProvider", "signature_of", "signed"]
