"""Evolution API (v2, read tolerantly back to v1.8) behind the provider contract.

`adapter` sends and asks, `payloads` builds paths and bodies, `rendering` says what is really shown and `limits` how
much fits, `errors` turns answers into outcomes by a table, `acts` reads what becomes of edits, deletions and number
checks, `webhook` turns bodies into events, `shapes` reads what both have in common, `jids` knows numbers and their
variants.
"""

from anclora.providers.evolution.adapter import EvolutionProvider

__all__ = ["EvolutionProvider"]
