-- name: read_books
-- The kinds there are, and the digits behind the point of every currency.
select 'kind' as what, name, revenue::integer as value from conversion_kinds
union all
select 'currency', code, exponent from currencies

-- name: find_people
-- Whose these addresses and ids are; who was merged counts as the one he was merged into.
with asked as (select * from unnest(%(kinds)s::text[], %(values)s::text[]) as a (kind, value))
select a.kind, a.value, coalesce(c.merged_into, c.id) as contact_id
from asked a join contacts c on a.kind = 'phone' and c.phone = a.value
union all
select a.kind, a.value, coalesce(c.merged_into, c.id)
from asked a join contacts c on c.id = case when a.kind = 'id' then a.value::uuid end
union all
select a.kind, a.value, d.contact_id
from asked a join addresses d on d.kind = a.kind and d.value = a.value
where a.kind not in ('phone', 'id')

-- name: find_message_owners
-- To whom these messages of an account went.
select m.id, coalesce(c.merged_into, c.id, m.contact_id) as contact_id
from messages m left join contacts c on c.id = m.contact_id
where m.id = any (%(ids)s::uuid[]) and m.account = %(account)s

-- name: insert_conversions
-- New conversions in the order of their external ids, so that two who record the same never wait for each other; those
-- whose external id is there already do not come back.
insert into conversions (
    id, account, original_id, event, kind, external_id, hash, contact_id, message_id, campaign_id, amount, net, currency,
    counts, note, source, occurred_at, valued_at, recorded_at, recorded_by
)
select id, %(account)s, id, 'recorded', kind, external_id, decode(hash, 'hex'), contact_id, message_id, campaign_id,
    amount, amount, currency, 1, note, %(source)s, occurred_at, occurred_at, %(now)s, %(actor)s
from rows from (json_to_recordset(%(rows)s::json) as (
    id uuid, kind text, external_id text, hash text, contact_id uuid, message_id uuid, campaign_id uuid, amount bigint,
    currency text, note text, occurred_at timestamptz
)) with ordinality as r (
    id, kind, external_id, hash, contact_id, message_id, campaign_id, amount, currency, note, occurred_at, place
)
order by kind, external_id, place
on conflict (account, event, kind, external_id) where external_id is not null do nothing
returning id

-- name: find_external
-- What stands under external ids of an account.
select c.id, c.original_id, c.kind, c.external_id, c.hash
from conversions c
join unnest(%(kinds)s::text[], %(external_ids)s::text[]) as a (kind, external_id)
    on c.kind = a.kind and c.external_id = a.external_id
where c.account = %(account)s and c.event = %(event)s

-- name: lock_conversion
-- A conversion as it stands, while a refund or a correction is written behind it.
select c.id, c.kind, c.contact_id, c.message_id, c.campaign_id, c.currency, c.occurred_at,
    coalesce(u.exponent, 0) as exponent
from conversions c left join currencies u on u.code = c.currency
where c.id = %(id)s and c.original_id = c.id and c.account = %(account)s
for update of c

-- name: sum_conversion
-- What its rows come to.
select sum(amount)::bigint as net, sum(amount) filter (where event <> 'refunded')::bigint as gross,
    sum(counts)::integer as counts
from conversions where original_id = %(id)s

-- name: insert_event
-- A refund or a correction; nothing comes back when its external id is there already.
insert into conversions (
    id, account, original_id, event, kind, external_id, hash, contact_id, message_id, campaign_id, amount, net, currency,
    counts, note, source, occurred_at, valued_at, recorded_at, recorded_by
)
values (
    %(id)s, %(account)s, %(original_id)s, %(event)s, %(kind)s, %(external_id)s, %(hash)s, %(contact_id)s, %(message_id)s,
    %(campaign_id)s, %(amount)s, %(net)s, %(currency)s, %(counts)s, %(note)s, 'api', %(occurred_at)s, %(valued_at)s,
    %(now)s, %(actor)s
)
on conflict (account, event, kind, external_id) where external_id is not null do nothing
returning id
