"""The instruments of the log."""

from anclora.kit.metrics import Figure

LAST_SHIPPED = Figure(
    "backup_log_last_shipped_timestamp_seconds",
    "The last moment Postgres can be recovered to; shown by the process that ships its log",
)
WANTED = Figure("backup_log_wanted", "1 = Postgres' log is to be shipped; 0 = nobody wants it, or it cannot be read")
