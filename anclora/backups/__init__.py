"""Backups that are proven: Postgres, Redis, Evolution's sessions, the configuration; encrypted, in a bucket or folder.

A backup is there when its manifest is: that is written last, after the data lies where it belongs, so a process that
died in the middle leaves nothing that looks good. It is read back whole, and its end with it, before anything is
touched. A restore replaces nothing unasked, and what it replaces is kept. Nothing goes out twice because of one: after
a restore everything is paused until somebody has looked.
"""

from anclora.backups.apart import send_apart
from anclora.backups.find import Found, find, find_all
from anclora.backups.house import House, kinds_of, open_house
from anclora.backups.keys import Keyring, make_key, read_keyring, rotate_key
from anclora.backups.ledger import proofs, show_backups
from anclora.backups.model import Kind, Manifest, Tier
from anclora.backups.prune import prune
from anclora.backups.restore import Restored, restore
from anclora.backups.run import make
from anclora.backups.schedule import BackupChore
from anclora.backups.verify import Verified, verify
from anclora.backups.wal.base import BaseChore
from anclora.backups.wal.chore import LogChore
from anclora.backups.wal.recover import Recovered, recover
from anclora.backups.wal.rules import reach
from anclora.backups.wal.ship import Shipped, ship
from anclora.backups.weekly import BackupVerification

__all__ = [
    "BackupChore",
    "BackupVerification",
    "BaseChore",
    "Found",
    "House",
    "Keyring",
    "Kind",
    "LogChore",
    "Manifest",
    "Recovered",
    "Restored",
    "Shipped",
    "Tier",
    "Verified",
    "find",
    "find_all",
    "kinds_of",
    "make",
    "make_key",
    "open_house",
    "proofs",
    "prune",
    "reach",
    "read_keyring",
    "recover",
    "restore",
    "rotate_key",
    "send_apart",
    "ship",
    "show_backups",
    "verify",
]
