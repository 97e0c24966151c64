"""Making good: what the figures lack by the rows is appended like any other delta.

Exact while everything runs: the difference is taken as one moment of the ledger has it, and whatever changes after that
moment brings its own deltas. Needed when a process older than the tallies wrote after they were made.
"""

import msgspec

from anclora.storage.database import Connection
from anclora.tallies.fold import QUERIES, alone, rebuild
from anclora.tallies.model import Verified
from anclora.tallies.verify import compare


async def mend(conn: Connection) -> Verified:
    """Recount everything and put right what differs, inside the caller's transaction.

    Returns:
        What was found before, and how much of it is mended now.
    """
    # Alone, and the statements below look at the ledger after that: two who mend at once would do it twice.
    await alone(conn, wait=True)
    found = await compare(conn)
    if found.differences:
        await conn.execute(QUERIES["append_differences"])
        await rebuild(conn, [60, 1440])
    return msgspec.structs.replace(found, mended=found.differences)
