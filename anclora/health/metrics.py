"""The instruments of this room. Those of the whole installation say the same wherever they are read: never sum them."""

from anclora.kit.metrics import Figure, counter, gauge

# Of the whole installation: read from the ledger and from Redis when somebody asks.
DEPTH = Figure(
    "queue_depth",
    "Messages in the queue, by lane (all = not by lane) and state: waiting = lacking only a free worker, active "
    "= being sent, delayed = held back by pace, order or a pause, held = by a rule for the message itself, scheduled, "
    "unknown, dlq",
    ("queue", "state"),
)
OLDEST_SECONDS = Figure("queue_oldest_age_seconds", "For how long the first of a lane has waited for us", ("queue",))
RATE_LIMIT = Figure("queue_rate_limit_per_second", "What a lane may let out a second, where it is limited", ("queue",))
PAUSED = Figure("queue_paused", "1 = nothing leaves the lane now", ("queue",))
DRAIN_SECONDS = Figure(
    "queue_drain_seconds",
    "How long what waits takes at the pace of the last minute, by lane and for all of them; none = nothing went",
    ("queue",),
)
THROUGHPUT = Figure("throughput_messages_per_second", "Messages sent a second, over the last minute")
EXPIRED = Figure(
    "inflight_lease_expired", "Messages being sent by a worker that is silent, or for longer than possible"
)
WORKER_UP = Figure("worker_up", "1 = the process has given its sign of life in time", ("worker", "role"))
HEARTBEAT = Figure(
    "worker_last_heartbeat_timestamp_seconds",
    "Last sign of life of a process that did not say goodbye",
    ("worker", "role"),
)
DEPENDENCY_UP = Figure(
    "dependency_up", "1 = it answers (postgres, redis), or takes messages (providers)", ("dependency",)
)
CIRCUIT = Figure(
    "circuit_state", "0 = all numbers of a provider send, 1 = some of them rest, 2 = all of them rest", ("target",)
)
REDIS_CONNECTIONS = Figure("redis_connections", "Clients connected to the Redis of the lanes")
REDIS_BYTES = Figure("redis_memory_bytes", "Memory it uses")
REDIS_LIMIT_BYTES = Figure("redis_memory_limit_bytes", "Memory it may use; 0 = no limit")
SLOWLOG = Figure("redis_slowlog_entries", "Commands that were slow, by the number of its slow log", kind="counter")
CHECK_STATUS = Figure("health_check_status", "0 = healthy, 1 = degraded, 2 = unhealthy, by check", ("check",))
STATUS = Figure("health_status", "The same of the whole")

# Of this process.
LAG_SECONDS = gauge("event_loop_lag_seconds", "How late it came to its work at most, in the last 10 seconds", own=True)
POOL_SIZE = gauge("db_pool_size", "Connections to the database at most", ("pool",), own=True)
POOL_IN_USE = gauge("db_pool_in_use", "Connections to the database that are used", ("pool",), own=True)
POOL_WAITING = gauge("db_pool_waiting", "Who waits for a connection to the database", ("pool",), own=True)
SKEW_SECONDS = gauge("clock_skew_seconds", "How far this machine's clock is ahead of the database's", own=True)
READ_BYTES = counter("disk_read_bytes", "Read from disks")
WRITTEN_BYTES = counter("disk_written_bytes", "Written to disks")

# Of its container, or of the machine where there is none.
CPU_RATIO = gauge("task_cpu_ratio", "Share of the CPU it may use that it uses")
MEMORY_BYTES = gauge("task_memory_bytes", "Memory it uses, without what the kernel would give back at once")
MEMORY_LIMIT_BYTES = gauge("task_memory_limit_bytes", "Memory it may use")
OOM_KILLS = Figure("task_oom_kills", "Processes the kernel killed in it for want of memory", kind="counter")
DISK_FREE_BYTES = gauge("disk_free_bytes", "Room where files are written", ("place",))
DISK_SIZE_BYTES = gauge("disk_size_bytes", "Room there is in all", ("place",))
