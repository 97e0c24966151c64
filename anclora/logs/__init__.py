"""Logs of closed days: shipped to a bucket, proved there, pruned here, expired there; and slow queries.

A log goes from this machine only when the bucket holds it with the same checksum, and from the bucket after 90 days,
by the date in its key: S3's own lifecycle rule does that, `clean` does what the rule has not done yet,
and `check` proves both.
"""

from anclora.logs.clean import Cleaned, Verdict, check, clean
from anclora.logs.hourly import LogShipping
from anclora.logs.ship import Shipped, ship
from anclora.logs.slow import SlowQuery, slow_of_postgres, slow_of_redis
from anclora.logs.store import LogStore

__all__ = [
    "Cleaned",
    "LogShipping",
    "LogStore",
    "Shipped",
    "SlowQuery",
    "Verdict",
    "check",
    "clean",
    "ship",
    "slow_of_postgres",
    "slow_of_redis",
]
