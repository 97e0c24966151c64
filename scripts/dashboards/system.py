"""Are the machines well?"""

from scripts.dashboards.panel import Board, Metric, Panel, Unit

BOARD = Board(
    uid="system-dashboard",
    title="System",
    says="Processes, Redis, Postgres, disk.",
    panels=(
        Panel(
            title="CPU utilization",
            says="Share of the processors a task may use that it used.",
            unit=Unit.SHARE,
            row="CPU utilization",
            limit=0.7,
            asks=[Metric(expr="max by (instance) (anclora_task_cpu_ratio)", legend="{{instance}}")],
        ),
        Panel(
            title="Memory usage",
            says="Share of the memory a task may use that it uses.",
            unit=Unit.SHARE,
            row="Memory usage",
            limit=0.8,
            asks=[
                Metric(
                    expr="max by (instance) (anclora_task_memory_bytes / anclora_task_memory_limit_bytes)",
                    legend="{{instance}}",
                ),
            ],
        ),
        Panel(
            title="Event loop lag",
            says="How late the process comes to what is due. Over a tenth of a second it is overloaded or blocked.",
            unit=Unit.SECONDS,
            row="Event loop lag",
            limit=0.1,
            asks=[Metric(expr="max by (instance) (anclora_event_loop_lag_seconds)", legend="{{instance}}")],
        ),
        Panel(
            title="Redis connections",
            says="Clients connected to Redis.",
            unit=Unit.COUNT,
            row="Redis connections",
            asks=[Metric(expr="sum(redis_connected_clients)", legend="clients")],
        ),
        Panel(
            title="Disk I/O",
            says="Bytes read and written a second, all disks.",
            unit=Unit.BYTES_PER_SECOND,
            row="Disk I/O",
            asks=[
                Metric(expr="sum(rate(node_disk_read_bytes_total[$__rate_interval]))", legend="read"),
                Metric(expr="sum(rate(node_disk_written_bytes_total[$__rate_interval]))", legend="written"),
            ],
        ),
        Panel(
            title="Disk free",
            says="What is left, by file system.",
            unit=Unit.BYTES,
            asks=[
                Metric(
                    expr='min by (mountpoint) (node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|squashfs"})',
                    legend="{{mountpoint}}",
                ),
            ],
        ),
        Panel(
            title="Redis memory",
            says="What Redis holds.",
            unit=Unit.BYTES,
            asks=[Metric(expr="sum(redis_memory_used_bytes)", legend="used")],
        ),
        Panel(
            title="Redis commands",
            says="Commands a second.",
            unit=Unit.PER_SECOND_OPS,
            asks=[
                Metric(expr="sum(rate(redis_commands_processed_total[$__rate_interval]))", legend="commands"),
            ],
        ),
        Panel(
            title="Postgres transactions",
            says="Committed and rolled back a second.",
            unit=Unit.PER_SECOND_OPS,
            asks=[
                Metric(expr="sum(rate(pg_stat_database_xact_commit[$__rate_interval]))", legend="committed"),
                Metric(expr="sum(rate(pg_stat_database_xact_rollback[$__rate_interval]))", legend="rolled back"),
            ],
        ),
        Panel(
            title="Database pool",
            says="Connections in use, and requests that wait for one.",
            unit=Unit.COUNT,
            asks=[
                Metric(expr="sum(anclora_db_pool_in_use)", legend="in use"),
                Metric(expr="sum(anclora_db_pool_waiting)", legend="waiting"),
            ],
        ),
        Panel(
            title="Parts that answer",
            says="1 = the part answers its check.",
            unit=Unit.TIMES,
            week=False,
            asks=[Metric(expr="min by (dependency) (anclora_dependency_up)", legend="{{dependency}}")],
        ),
        Panel(
            title="Clock",
            says="How far the clock of a process is off that of the database; over two seconds it is not ready.",
            unit=Unit.SECONDS,
            limit=2,
            week=False,
            asks=[Metric(expr="max by (instance) (abs(anclora_clock_skew_seconds))", legend="{{instance}}")],
        ),
    ),
)
