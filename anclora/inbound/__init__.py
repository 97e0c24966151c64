"""What arrives: raw webhooks stored before the answer, applied right behind it; nothing fails for being new.

`receive` stores, `apply` takes what was stored from memory, `sweep` from the ledger when the short way was cut.
"""
