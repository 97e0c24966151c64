-- name: be_alone_with_log
-- Whether this connection is the one that ships the log; until it ends. The number is 0x616e6377, "ancw".
select pg_try_advisory_lock(1634624375) as alone

-- name: be_alone_with_base
-- The same of base backups, which take long while the log goes on: "ancb".
select pg_try_advisory_lock(1634624354) as alone

-- name: about_log
-- Whose log it is, how it is cut, and whether we may read it.
select current_setting('server_version_num')::integer / 10000 as major,
    (select system_identifier::text from pg_control_system()) as system,
    (select setting::integer from pg_settings where name = 'wal_segment_size') as segment_bytes,
    ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer as timeline,
    pg_walfile_name(pg_current_wal_insert_lsn()) as segment, current_setting('wal_level') as level,
    (select rolreplication or rolsuper from pg_roles where rolname = current_user)
        and has_function_privilege('pg_switch_wal()', 'execute') as may,
    current_database() as database, clock_timestamp() as at, current_setting('server_version') as version

-- name: wait_for_slot
-- One after the other looks for the slot and makes it: "ancs".
select pg_advisory_lock(1634624371)

-- name: leave_slot
-- The next one may.
select pg_advisory_unlock(1634624371)

-- name: find_slot
-- Where the log we have not shipped yet begins; `lost` = the server threw some of it away.
select restart_lsn::text as begins, wal_status = 'lost' or restart_lsn is null as lost, active_pid
from pg_replication_slots where slot_name = %(slot)s

-- name: make_slot
-- From now on the server keeps its log until we have shipped it.
select pg_create_physical_replication_slot(%(slot)s, true)

-- name: drop_slot
-- It need not any more.
select pg_drop_replication_slot(%(slot)s)

-- name: drop_unused_slot
-- The same where nobody has read by it for a day.
select pg_drop_replication_slot(slot_name) from pg_replication_slots
where slot_name = %(slot)s and not active and inactive_since < now() - interval '1 day'

-- name: about_server
-- Whether it can have a slot of ours, and for which ledger.
select current_setting('server_version_num')::integer / 10000 as major, current_database() as database

-- name: advance_slot
-- What is behind this is shipped: the server may let go of it.
select pg_replication_slot_advance(%(slot)s, %(position)s::pg_lsn)

-- name: read_clock
-- The moment before the mark.
select clock_timestamp() as at

-- name: mark
-- A transaction that is certainly after the moment: a recovery to it has to see one to know that it is there.
select pg_current_xact_id()::text as mark

-- name: switch
-- Close the segment.
select pg_switch_wal()::text as position

-- name: newest_revision
-- The newest migration of the ledger.
select coalesce(max(version_num), '') as revision from alembic_version
