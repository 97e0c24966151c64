-- name: lock_conversation
-- One that somebody acts on; of one that turned out to be a part of another, that other. It may have become a part of one
-- while we waited for its lock: then it says so.
select v.id, v.merged_into from conversations v
where v.id = (select coalesce(o.merged_into, o.id) from conversations o where o.id = %(id)s)
for update

-- name: change_conversation
-- What somebody did with it.
update conversations
set handoff_at = %(handoff_at)s, handoff_reason = %(handoff_reason)s, handoff_note = %(handoff_note)s,
    agent = %(agent)s, claimed_at = %(claimed_at)s, closed_at = %(closed_at)s,
    closed_by = case when %(closed_at)s::timestamptz is not null then 'call' end,
    closed_why = %(closed_why)s, look_at = coalesce(%(look_at)s::timestamptz, look_at)
where id = %(id)s
