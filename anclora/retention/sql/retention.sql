-- name: kept
-- What still needs messages of [first, last): why, how many, and the first of them.
with named as (
    select 'state' as why, id, state as detail from messages
    where id >= %(first)s and id < %(last)s and state <> all (%(finals)s::text[])
    union all
    select 'held', id, hold_reason from messages
    where id >= %(first)s and id < %(last)s and state = any (%(finals)s::text[]) and hold_reason is not null
    union all
    select 'dead_letter', message_id, null from dead_letters where message_id >= %(first)s and message_id < %(last)s
    union all
    select 'outbox', u.id, null from outbox cross join unnest(message_ids) as u (id)
    where u.id >= %(first)s and u.id < %(last)s
    union all
    select 'idempotency', u.id, null from idempotency cross join unnest(message_ids) as u (id)
    where u.id >= %(first)s and u.id < %(last)s
)
select why, count(*)::integer as n, (array_agg(id order by id))[1]::text as id, (array_agg(detail order by id))[1] as detail
from named group by why
union all
select 'figures', count(*)::integer, null, null from tally_deltas where at >= %(since)s and at < %(until)s having count(*) > 0
order by why

-- name: facts
-- What figures count of the messages of [first, last), as sums.
select at, instance, campaign, template, class, what, cause, count(*)::integer as n
from message_facts where id >= %(first)s and id < %(last)s
group by at, instance, campaign, template, class, what, cause

-- name: keep_facts
-- From now on these stand for the rows that go.
insert into archived_facts (month, at, instance, campaign, template, class, what, cause, n)
select %(month)s, f.* from unnest(
    %(at)s::timestamptz[], %(instance)s::text[], %(campaign)s::text[], %(template)s::text[], %(class)s::text[],
    %(what)s::text[], %(cause)s::text[], %(n)s::integer[]
) as f

-- name: forget_facts
-- A month that came back with an old backup is counted by its rows, and goes once more.
delete from archived_facts where month = %(month)s

-- name: keep_archive
-- A table of a month went, and lies there.
insert into archives (month, table_name, place, key, rows, hash, bytes, dropped_at)
values (%(month)s, %(table)s, %(place)s, %(key)s, %(rows)s, %(hash)s, %(bytes)s, now())

-- name: archives
-- What went, the oldest month first.
select month, table_name, place, key, rows, hash, bytes, dropped_at from archives order by month, dropped_at, table_name

-- name: columns
-- The columns of a table as they are now, in their order.
select attname as name, format_type(atttypid, null) as kind
from pg_attribute where attrelid = %(table)s::regclass and attnum > 0 and not attisdropped order by attnum

-- name: be_alone
-- Whether this connection is the one that archives; until it ends. The number is 0x616e6372, "ancr".
select pg_try_advisory_lock(1634624370) as alone

-- name: partitions
-- Every partition of the tables that are archived.
select i.inhparent::regclass::text as table_name, i.inhrelid::regclass::text as name
from pg_inherits i where i.inhparent = any (array['messages', 'attempts']::regclass[]) order by 1, 2

-- name: size
-- What a partition takes, with its indexes.
select pg_total_relation_size(%(table)s::regclass) as bytes

-- name: newest_archive
-- When a month went last, and how many rows went in all.
select extract(epoch from max(dropped_at))::float8 as at, coalesce(sum(rows), 0)::float8 as rows from archives
