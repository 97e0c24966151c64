-- name: about_server
-- What a dump is of; `bytes` is what the server needs for it.
select current_setting('server_version') as version, current_setting('server_version_num')::integer / 10000 as major,
    pg_database_size(current_database()) as bytes, now() as at, to_regclass('alembic_version') is not null as migrated

-- name: revision
-- The newest migration of this database.
select version_num from alembic_version

-- name: export_snapshot
-- What this transaction sees, for others to see too.
select pg_export_snapshot() as snapshot

-- name: tables
-- Every table with rows of its own, partitions one by one; not those an extension brings along.
select n.nspname as schema, c.relname as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
order by 1, 2
