"""The instruments of this room, of the whole installation: read from rows, so that every process says the same."""

from anclora.kit.metrics import Figure

CONFIGURED = Figure("backup_configured", "1 = this is backed up here, 0 = nobody asked for it", ("kind",))
LAST_SUCCESS = Figure(
    "backup_last_success_timestamp_seconds", "The moment the newest whole backup is of, by what is in it", ("kind",)
)
LAST_BYTES = Figure("backup_last_size_bytes", "Its size, compressed and encrypted", ("kind",))
LAST_VERIFIED = Figure(
    "backup_last_verified_timestamp_seconds",
    "When a backup was last restored and came out the same, of the kind where that is longest ago; before the first "
    "time, since when there are backups",
)
PROVED = Figure(
    "backup_verification_good", "1 = the last backup that was restored came back as it was, 0 = it did not", ("kind",)
)
