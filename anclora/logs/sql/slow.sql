-- name: counts_statements
-- Whether this server counts statements: the extension pg_stat_statements is made in this database.
select to_regclass('pg_stat_statements') is not null as counted

-- name: slow_statements
-- Those that took most time in all.
select query, calls, total_ms, mean_ms, worst_ms, returned, read_blocks, hit_blocks, spilled_blocks
from slow_statements(%(most)s::integer)
