-- A past of :count messages over 90 days up to today, as the ledger would hold it: 20 numbers, 40 campaigns of a week
-- each, 10 templates, a fifth of it replies; 100,000 talks and 50,000 conversions. Evenly over the time; always the same.
create function bench_id(at timestamptz, n bigint) returns uuid language sql immutable as $$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
        || '8' || substr(md5(n::text), 4, 15))::uuid
$$;

insert into messages (id, account, instance, contact_id, recipient, content, kind, class, priority, campaign_id,
    template, created_at, eligible_at, state, state_at, ordinal, attempt, sent_at, delivered_at, read_at, provider_id,
    reason_code)
select bench_id(at, n), 'main', 'bench-' || n % 20, md5((n % 500000)::text)::uuid, '34600' || n % 500000, '{}',
    case sort when 'reply' then 'text' else 'template' end, sort, 2,
    case sort when 'marketing' then md5('campaign ' || campaign)::uuid end,
    case sort when 'marketing' then 'campaign_' || campaign when 'utility' then 'template_' || h / 5 % 10 end,
    at, at, case when bad then 'failed' when n % 3 = 0 then 'read' else 'delivered' end,
    at + interval '9 seconds', n, 1,
    case when not bad then at + took end,
    case when not bad then at + took * 3 end,
    case when not bad and n % 3 = 0 then at + took * 40 end, 'bench-' || n,
    case when bad then (array['not_on_whatsapp', 'media_not_usable', 'provider_error', 'invalid_request'])[1 + h % 4] end
from (
    select n, h, began + (n - 1) * (ended - began) / :count as at,
        (array['marketing', 'marketing', 'utility', 'utility', 'reply'])[1 + h % 5] as sort,
        -- Three run at any time, one after the other begins and ends.
        ((n * 40 / :count) + h / 125 % 3) % 40 as campaign,
        h % 97 = 0 as bad,
        (0.2 + (n * 7919 % 1000) / 250.0) * interval '1 second' as took
    from generate_series(1::bigint, :count) as n, lateral (select hashint8(n)::bigint & 2147483647 as h) as mixed,
        (select now() - interval '90 days' as began, now() as ended) as span
) as made;

-- Their figures as they would be: a row a quarter for every sort of message of every number; the rest is rebuilt.
insert into tallies
select 15, quarter(now() - q * interval '15 minutes'), 'bench-' || i, s.campaign, s.template, s.class, s.cause,
    n, n - 1, n - 1, n / 2, 0, case when s.cause <> '' then 1 else 0 end, 0, 0, 0, 0, s.heard, s.heard, 0
from generate_series(0, 90 * 96 - 1) as q, generate_series(0, 19) as i,
    lateral (
        select md5('campaign ' || c)::uuid::text, 'campaign_' || c, 'marketing', '', 0
        from generate_series(q * 40 / 8640, q * 40 / 8640 + 2) as c
        union all
        select '', 'template_' || t, 'utility', '', 0 from generate_series(1, 10) as t
        union all
        select '', '', 'reply', '', 2
        union all
        select '', '', 'reply', (array['not_on_whatsapp', 'media_not_usable', 'provider_error'])[1 + q % 3], 0
        where (q + i) % 5 = 0
    ) as s (campaign, template, class, cause, heard),
    lateral (select (:count / (8640 * 20 * 14))::integer as n) as share;

insert into tallies
select 15, quarter(now() - q * interval '1 hour'), '', '', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
from generate_series(0, 90 * 24 - 1) as q;

insert into contacts (id, phone)
select md5(n::text)::uuid, '34600' || lpad(n::text, 6, '0') from generate_series(0, 99999) as n;

insert into conversations (id, instance, contact_id, opened_at, last_in_at, first_response_at, first_response_agent,
    closed_at, closed_by)
select bench_id(at, n), 'bench-' || n % 20, md5(n::text)::uuid, at, at, at + (h % 900) * interval '1 second',
    case when h % 4 = 0 then 'agent ' || h / 4 % 30 end,
    case when at < now() - interval '1 day' then at + interval '1 day' end,
    case when at < now() - interval '1 day' then 'idle' end
from (
    select n, hashint8(n)::bigint & 2147483647 as h, now() - interval '90 days' + n * interval '90 days' / 100000 as at
    from generate_series(0, 99999) as n
) as made;

insert into conversation_history (id, conversation_id, instance, at, kind, agent, reason, actor)
select bench_id(v.opened_at, k.place * 1000000 + row_number() over ()), v.id, v.instance,
    v.opened_at + k.place * interval '90 seconds', k.kind, case when k.place > 1 then v.first_response_agent end,
    case when k.kind in ('handoff', 'claimed') then (array['user_request', 'bot_confusion', 'complex_query', 'high_value',
        'out_of_scope', 'complaint'])[1 + extract(epoch from v.opened_at)::bigint % 6] end, 'bench'
from conversations v
cross join (values (0, 'opened'), (1, 'handoff'), (2, 'claimed'), (3, 'released')) as k (place, kind)
where k.place = 0 or v.first_response_agent is not null;

insert into conversions (id, account, original_id, event, kind, hash, contact_id, amount, net, currency, counts, source,
    occurred_at, valued_at, recorded_at, recorded_by)
select bench_id(at, n), 'main', bench_id(at, n), 'recorded', kind, '', md5((n % 100000)::text)::uuid,
    case kind when 'sale' then 150000 end, case kind when 'sale' then 150000 end, case kind when 'sale' then 'EUR' end,
    1, 'api', at, at, at, 'bench'
from (
    select n, now() - interval '90 days' + n * interval '90 days' / 50000 as at,
        (array['lead', 'lead', 'qualified_lead', 'appointment', 'sale'])[1 + n % 5] as kind
    from generate_series(0, 49999) as n
) as made;

insert into conversion_touches (conversion_id, place, kind, at, instance, campaign_id, template, first, last)
select id, 1, 'message', occurred_at, 'bench-' || (extract(epoch from occurred_at)::bigint % 20),
    md5('campaign ' || extract(epoch from occurred_at)::bigint % 40)::uuid, null, true, true
from conversions;
