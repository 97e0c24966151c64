-- name: read_conversations
-- Conversations, with the person as he is known now.
select v.id, v.instance, r.id as contact_id, r.phone, r.name, v.opened_at, v.last_in_at, v.last_out_at,
    v.first_response_at, v.first_response_via, v.first_response_id, v.first_response_agent, v.closed_at, v.closed_by,
    v.closed_why, v.handoff_at, v.handoff_reason, v.handoff_note, v.agent, v.claimed_at
from conversations v
join contacts c on c.id = v.contact_id
join contacts r on r.id = coalesce(c.merged_into, c.id)
where v.id = any (%(ids)s::uuid[])

-- name: get_conversation
-- The one an id means: of one that turned out to be a part of another, that other.
select coalesce(merged_into, id) as id from conversations where id = %(id)s

-- name: find_conversations
-- A page, the newest first; the id begins with the moment it was opened, as far as was known then: never earlier than it
-- was. Planned with its values, so that each state, agent and reason finds its index.
select v.id, v.instance, r.id as contact_id, r.phone, r.name, v.opened_at, v.last_in_at, v.last_out_at,
    v.first_response_at, v.first_response_via, v.first_response_id, v.first_response_agent, v.closed_at, v.closed_by,
    v.closed_why, v.handoff_at, v.handoff_reason, v.handoff_note, v.agent, v.claimed_at
from conversations v
join contacts c on c.id = v.contact_id
join contacts r on r.id = coalesce(c.merged_into, c.id)
where v.merged_into is null and v.id < %(before)s::uuid and v.id >= %(low)s::uuid
    and (%(instance)s::text is null or v.instance = %(instance)s)
    and (%(handoff)s::text is null or v.handoff_reason = %(handoff)s)
    and (%(agent)s::text is null or v.agent = %(agent)s)
    and (%(since)s::timestamptz is null or v.opened_at >= %(since)s)
    and case %(state)s::text
        when 'active' then v.closed_at is null
        when 'closed' then v.closed_at is not null
        when 'claimed' then v.closed_at is null and v.agent is not null
        when 'waiting' then v.closed_at is null and v.agent is null and v.handoff_at is not null
        when 'open' then v.closed_at is null and v.agent is null and v.handoff_at is null
        else true
    end
order by v.id desc limit %(limit)s

-- name: timeline
-- What was said and done in a conversation, the latest first. Campaigns are shown, though they answer nobody.
with members as materialized (
    select c.id from contacts c where c.id = %(contact_id)s or c.merged_into = %(contact_id)s
)
select at, what, id, kind, text, content, agent, reason, note, by
from (
    (
        select h.at, h.direction as what, h.id, h.kind, h.text, null::bytea as content, null as agent, null as reason,
            null as note, null as by
        from members m join heard h on h.contact_id = m.id
        where h.id >= %(low)s::uuid and h.id < %(high)s::uuid and h.instance = %(instance)s and h.group_jid is null
        order by h.id desc limit %(limit)s
    )
    union all
    (
        select s.sent_at, 'sent', s.id, s.kind, null, s.content, null, s.state, null, null
        from members m join messages s on s.contact_id = m.id
        where s.sent_at >= %(since)s and s.sent_at <= %(until)s and s.instance = %(instance)s
        order by s.sent_at desc limit %(limit)s
    )
    union all
    (
        select l.at, l.kind, l.id, null, null, null, l.agent, l.reason, l.note, l.actor
        from conversation_history l
        where l.conversation_id = any (array(
            select %(id)s::uuid union all select v.id from conversations v where v.merged_into = %(id)s))
        order by l.id desc limit %(limit)s
    )
) t
order by at desc, what <> 'opened' desc, id desc limit %(limit)s
