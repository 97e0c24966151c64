-- name: may_create
-- Whether we may make databases on this server.
select rolcreatedb or rolsuper as yes, current_user::text as role from pg_roles where rolname = current_user

-- name: about_database
-- A database as it is found: its owner, and who is in it beside us.
select pg_get_userbyid(d.datdba)::text as owner,
    (select count(*)::integer from pg_stat_activity a where a.datname = d.datname and a.pid <> pg_backend_pid()) as sessions
from pg_database d where d.datname = %(name)s

-- name: count_tables
-- How many tables this database has.
select count(*)::integer as n
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'

-- name: begin_anew
-- The lanes of whatever Redis there is are older than this ledger: they are rebuilt, under an epoch nobody ever had.
update queue_epoch set run_id = '', epoch = greatest(epoch + 1, extract(epoch from now())::bigint), at = now()

-- name: count_pending
-- What would go out by itself.
select count(*)::integer as n from messages where open and state in ('queued', 'sending', 'unknown')
