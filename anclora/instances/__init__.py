"""Our numbers: which provider carries them, the secret of their webhook, whether their lane rests."""
