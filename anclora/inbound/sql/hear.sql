-- name: hear
-- What people said, each thing once; those that were not there before come back, and are listed for whoever follows them.
with fresh as (
    insert into heard (
        instance, provider_id, id, contact_id, direction, at, peer, kind, text, said, target, quoted, group_jid, name,
        event_id, referral
    )
    select instance, provider_id, id, contact_id, direction, at, peer, kind, text, said, target, quoted, group_jid, name,
        event_id, referral
    from json_to_recordset(%(rows)s::json) as r (
        instance text, provider_id text, id uuid, contact_id uuid, direction text, at timestamptz, peer text, kind text,
        text text, said jsonb, target text, quoted text, group_jid text, name text, event_id uuid, referral jsonb)
    on conflict (instance, provider_id) do nothing
    returning id, instance, direction, kind, at
), unread as (
    insert into heard_unread (heard_ids) select array_agg(id) from fresh having count(*) > 0
), tallied as (
    -- A touch on an earlier message is no message of its own.
    insert into tally_deltas (at, instance, class, what, n)
    select quarter(at), instance, '', case direction when 'in' then 'received' else 'typed' end, count(*)
    from fresh where kind not in ('edit', 'delete', 'reaction', 'vote')
    group by 1, 2, 4
)
select id from fresh

-- name: get_heard
-- One thing somebody said.
select id, instance, direction, at, heard_at, peer, contact_id, name, kind, text, said, target, quoted, group_jid,
    provider_id, event_id, referral
from heard where id = %(id)s

-- name: find_heard
-- A page of what was said, the newest first; the id begins with the moment.
select id, instance, direction, at, heard_at, peer, contact_id, name, kind, text, said, target, quoted, group_jid,
    provider_id, event_id, referral
from heard
where id >= %(low)s::uuid and id < %(high)s::uuid
    and (%(instance)s::text is null or instance = %(instance)s)
    and (%(kind)s::text is null or kind = %(kind)s)
    and (%(direction)s::text is null or direction = %(direction)s)
order by id desc limit %(limit)s

-- name: changes_of
-- Edits, deletions, reactions and votes of one message, the oldest first.
select id, instance, direction, at, heard_at, peer, contact_id, name, kind, text, said, target, quoted, group_jid,
    provider_id, event_id, referral
from heard where instance = %(instance)s and target = %(target)s
order by id limit 100

-- name: find_failed
-- Webhooks that are stored and could not be applied, the newest first.
select id, instance, kind, error, length(body) as bytes from inbound_events
where error is not null and id < %(before)s::uuid and (%(instance)s::text is null or instance = %(instance)s)
order by id desc limit %(limit)s

-- name: count_failed
-- How many of them there are.
select count(*)::integer as n from inbound_events where error is not null

-- name: failed_ids
-- The oldest of them, to try again.
select id from inbound_events where error is not null and id > %(after)s::uuid order by id limit %(limit)s

-- name: clear_errors
-- They could be applied after all.
update inbound_events set error = null where id = any (%(ids)s::uuid[]) and error is not null

-- name: read_span
-- Stored webhooks of a span of time, in the order they came, with the provider of their number.
select e.id, e.instance, i.provider, e.body from inbound_events e left join instances i on i.name = e.instance
where e.id > %(after)s::uuid and e.id < %(high)s::uuid
    and (%(instance)s::text is null or e.instance = %(instance)s)
    and (%(kind)s::text is null or e.kind = %(kind)s)
order by e.id limit %(limit)s

-- name: read_heard_media
-- What is needed to fetch the file of one thing somebody said.
select h.instance, h.said, h.media_hash, i.provider
from heard h left join instances i on i.name = h.instance
where h.id = %(id)s

-- name: keep_heard_media
-- Its file is here now.
update heard set media_hash = %(hash)s where id = %(id)s

-- name: read_offers
-- Of each of these people, the last thing we said to them before they wrote a number, if it let them choose. A reaction
-- says nothing; what was typed on the phone does, and so does anything that was sent.
select p.place, o.kind, o.content, o.provider_id, i.provider
from unnest(
    %(instances)s::text[], %(contact_ids)s::uuid[], %(sinces)s::timestamptz[], %(untils)s::timestamptz[],
    %(lows)s::uuid[], %(highs)s::uuid[]
) with ordinality as p (instance, contact_id, since, until, low, high, place)
join instances i on i.name = p.instance
cross join lateral (
    select s.kind, s.content, s.provider_id, s.sent_at
    from (
        select p.contact_id as id union all select c.id from contacts c where c.merged_into = p.contact_id
    ) m
    cross join lateral (
        select s.kind, s.content, s.provider_id, s.sent_at from messages s
        where s.contact_id = m.id and s.sent_at >= p.since and s.sent_at <= p.until and s.instance = p.instance
            and s.state in ('sent', 'delivered', 'read', 'played') and s.kind <> 'reaction'
        order by s.sent_at desc limit 1
    ) s
    order by s.sent_at desc limit 1
) o
where o.kind in ('buttons', 'list') and o.provider_id is not null
    and not exists (
        select from heard h
        where h.contact_id = p.contact_id and h.id >= p.low and h.id < p.high and h.at > o.sent_at
            and h.instance = p.instance and h.direction = 'phone' and h.group_jid is null
            and h.kind not in ('edit', 'delete', 'reaction')
    )

-- name: prune_heard
-- The oldest of what was said before a moment; what waits to be counted stays until it was.
delete from heard where id = any (array(
    select h.id from heard h
    where h.id < %(before)s::uuid and not exists (select from heard_unread u where h.id = any (u.heard_ids))
    order by h.id limit %(limit)s for update skip locked))
