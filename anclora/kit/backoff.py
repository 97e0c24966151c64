"""How long to wait before the next try: exponential, capped, with full mean-zero jitter."""

import random


def backoff_seconds(
    tries: int, *, base: float, cap: float, factor: float = 2.0, jitter: float = 0.2, dice: random.Random | None = None
) -> float:
    """The wait after `tries` failed tries (1 = the first).

    Args:
        tries: failed tries so far, at least 1.
        base: seconds after the first.
        cap: seconds never exceeded, jitter included.
        factor: by which each wait is longer than the one before, at least 1.
        jitter: share of the wait spread evenly around it, 0 to 1.
        dice: source of chance; a seeded one in tests.
    """
    wait = base * factor ** min(max(tries, 1) - 1, 30)
    spread = 1 + jitter * (2 * (dice or random).random() - 1)
    return min(cap, wait * spread)
