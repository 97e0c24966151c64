"""Any moment, not only that of a backup: base backups, and the log since then, shipped piece by piece."""
