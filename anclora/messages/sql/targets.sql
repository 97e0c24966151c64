-- name: read_targets
-- Messages of ours that others speak of.
select id, state, instance, recipient, provider_id, sent_at, kind,
    case when kind = 'text' then content else '{}' end as content
from messages
where id = any (%(ids)s::uuid[]) and id between %(low)s::uuid and %(high)s::uuid

-- name: read_sent_ids
-- Which of these provider ids left one of our numbers.
select instance, provider_id from provider_messages
where instance = any (%(instances)s::text[]) and provider_id = any (%(provider_ids)s::text[])

-- name: read_opted_out
-- Who of these wants nothing from us.
select phone from contacts where phone = any (%(phones)s::text[]) and opted_out_at is not null
