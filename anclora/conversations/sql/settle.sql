-- name: lock_follow
-- One at a time: two that opened a conversation of one pair side by side would meet in the index. Whoever comes second has
-- nothing to do.
select pg_try_advisory_xact_lock(1634624374)

-- name: take_heard
-- What was heard and nobody counted yet, the first first. It goes with the transaction that counts it.
delete from heard_unread where id = any (array(
    select id from heard_unread where later_at is null or later_at <= %(now)s
    order by id limit %(limit)s for update skip locked))
returning heard_ids

-- name: leave_heard
-- What could not be counted: later again.
insert into heard_unread (heard_ids, later_at) values (%(ids)s::uuid[], %(at)s)

-- name: look_later
-- Those that could not be looked at: later again.
update conversations set look_at = %(at)s where id = any (%(ids)s::uuid[])

-- name: read_heard
-- What of it concerns conversations, and of whom it is after all merges.
select h.id, h.instance, coalesce(c.merged_into, c.id) as contact_id, h.direction, h.at
from heard h join contacts c on c.id = h.contact_id
where h.id = any (%(ids)s::uuid[]) and h.group_jid is null and h.kind <> all (%(gestures)s::text[])

-- name: due_conversations
-- Those to look at now, and of whom they are after all merges. The contact of a merged one leads to where it is now.
select v.id, v.instance, coalesce(c.merged_into, c.id) as contact_id, v.opened_at
from conversations v join contacts c on c.id = v.contact_id
where v.look_at <= %(now)s
order by v.look_at limit %(limit)s

-- name: lock_conversations
-- The conversations of these pairs that go on, or that ended after a moment, under whatever contact of the person they
-- were opened. The offset has each looked up by its pair: before the first statistics a join reads all for each.
with found as materialized (
    select v.id, p.contact_id as root
    from unnest(%(instances)s::text[], %(contact_ids)s::uuid[], %(sinces)s::timestamptz[])
        as p (instance, contact_id, since)
    cross join lateral (
        select p.contact_id as id union all select c.id from contacts c where c.merged_into = p.contact_id
    ) m
    cross join lateral (
        select o.id from conversations o
        where o.contact_id = m.id and o.instance = p.instance and o.merged_into is null
            and (o.closed_at is null or o.closed_at >= p.since)
        offset 0
    ) v
)
select v.id, v.instance, f.root, v.contact_id, v.opened_at, v.last_in_at, v.last_out_at, v.first_response_at,
    v.first_response_id, v.closed_at, v.closed_by, v.handoff_at, v.handoff_reason, v.handoff_note, v.agent,
    v.claimed_at, v.look_at
from found f join conversations v on v.id = f.id
order by v.id
for update of v

-- name: last_outs
-- When we said something last to each of these pairs within a span: sent or typed. Campaigns say nothing to anybody.
select p.place, greatest(sent.at, typed.at) as at
from unnest(
    %(instances)s::text[], %(contact_ids)s::uuid[], %(sinces)s::timestamptz[], %(untils)s::timestamptz[],
    %(lows)s::uuid[], %(highs)s::uuid[]
) with ordinality as p (instance, contact_id, since, until, low, high, place)
left join lateral (
    select max(o.at) as at
    from (
        select p.contact_id as id union all select c.id from contacts c where c.merged_into = p.contact_id
    ) m
    cross join lateral (
        select s.sent_at as at from messages s
        where s.contact_id = m.id and s.sent_at >= p.since and s.sent_at <= p.until and s.instance = p.instance
            and s.state in ('sent', 'delivered', 'read', 'played') and s.class <> 'marketing'
        order by s.sent_at desc limit 1
    ) o
) sent on true
left join lateral (
    select max(o.at) as at
    from (
        select p.contact_id as id union all select c.id from contacts c where c.merged_into = p.contact_id
    ) m
    cross join lateral (
        select h.at from heard h
        where h.contact_id = m.id and h.id >= p.low and h.id < p.high and h.at >= p.since and h.at <= p.until
            and h.instance = p.instance and h.direction = 'phone' and h.group_jid is null
            and h.kind <> all (%(gestures)s::text[])
        order by h.id desc limit 1
    ) o
) typed on true

-- name: first_outs
-- What we said first to each of these pairs within a span: sent or typed, and which it was.
select p.place, o.at, o.via, o.id
from unnest(
    %(instances)s::text[], %(contact_ids)s::uuid[], %(sinces)s::timestamptz[], %(untils)s::timestamptz[],
    %(lows)s::uuid[], %(highs)s::uuid[]
) with ordinality as p (instance, contact_id, since, until, low, high, place)
cross join lateral (
    select f.at, f.via, f.id
    from (
        select p.contact_id as id union all select c.id from contacts c where c.merged_into = p.contact_id
    ) m
    cross join lateral (
        (
            select s.sent_at as at, 'api' as via, s.id from messages s
            where s.contact_id = m.id and s.sent_at >= p.since and s.sent_at <= p.until and s.instance = p.instance
                and s.state in ('sent', 'delivered', 'read', 'played') and s.class <> 'marketing'
            order by s.sent_at limit 1
        )
        union all
        (
            select h.at, 'phone', h.id from heard h
            where h.contact_id = m.id and h.id >= p.low and h.id < p.high and h.at >= p.since and h.at <= p.until
                and h.instance = p.instance and h.direction = 'phone' and h.group_jid is null
                and h.kind <> all (%(gestures)s::text[])
            order by h.id limit 1
        )
    ) f
    order by f.at, f.id limit 1
) o

-- name: merge_conversations
-- They turned out to be parts of others; what was part of them is a part of those.
update conversations v
set merged_into = m.into_id, look_at = null
from unnest(%(ids)s::uuid[], %(into_ids)s::uuid[]) as m (id, into_id)
where v.id = m.id or v.merged_into = m.id

-- name: write_conversations
-- Conversations as their times say now, new ones too; the agent of the first response is whoever had it at that moment.
insert into conversations as v (
    id, instance, contact_id, opened_at, last_in_at, last_out_at, first_response_at, first_response_via,
    first_response_id, first_response_agent, closed_at, closed_by, handoff_at, handoff_reason, handoff_note, agent,
    claimed_at, look_at
)
select r.id, r.instance, r.contact_id, r.opened_at, r.last_in_at, r.last_out_at, r.first_response_at,
    r.first_response_via, r.first_response_id, a.agent, r.closed_at, r.closed_by, r.handoff_at, r.handoff_reason,
    r.handoff_note, r.agent, r.claimed_at, r.look_at
from json_to_recordset(%(rows)s::json) as r (
    id uuid, instance text, contact_id uuid, opened_at timestamptz, last_in_at timestamptz, last_out_at timestamptz,
    first_response_at timestamptz, first_response_via text, first_response_id uuid, closed_at timestamptz,
    closed_by text, handoff_at timestamptz, handoff_reason text, handoff_note text, agent text,
    claimed_at timestamptz, look_at timestamptz)
left join lateral (
    select case when h.kind = 'claimed' then h.agent end as agent from conversation_history h
    where h.conversation_id = any (array(
            select r.id union all select m.id from conversations m where m.merged_into = r.id))
        and h.at <= r.first_response_at and h.kind in ('claimed', 'released', 'handoff')
    order by h.at desc, h.id desc limit 1
) a on true
on conflict (id) do update
    set contact_id = excluded.contact_id, opened_at = excluded.opened_at, last_in_at = excluded.last_in_at,
        last_out_at = excluded.last_out_at, first_response_at = excluded.first_response_at,
        first_response_via = excluded.first_response_via, first_response_id = excluded.first_response_id,
        first_response_agent = excluded.first_response_agent, closed_at = excluded.closed_at,
        closed_by = excluded.closed_by, handoff_at = excluded.handoff_at, handoff_reason = excluded.handoff_reason,
        handoff_note = excluded.handoff_note, agent = excluded.agent, claimed_at = excluded.claimed_at,
        look_at = excluded.look_at

-- name: add_history
-- What was done with conversations, a line each.
insert into conversation_history (id, conversation_id, instance, at, kind, agent, reason, note, actor)
select id, conversation_id, instance, at, kind, agent, reason, note, actor
from json_to_recordset(%(lines)s::json) as l (
    id uuid, conversation_id uuid, instance text, at timestamptz, kind text, agent text, reason text, note text,
    actor text)

-- name: count_active
-- How many go on, and how long what was heard has been waiting to be counted.
select (select count(*) from conversations where closed_at is null and merged_into is null)::integer as active,
    coalesce(extract(epoch from now() - (select created_at from heard_unread order by id limit 1)), 0)::float8
        as unread_seconds
