-- What the smoke test sends has a campaign of its own (`anclora.smoke.SMOKE_CAMPAIGN`), and is in no figure.
create function is_smoke(campaign_id uuid) returns boolean language sql immutable parallel safe
    return coalesce(campaign_id = '00000000-0000-4000-8000-736d6f6b6521', false);

create or replace view message_facts as
select m.id, quarter(f.at) as at, m.instance, coalesce(m.campaign_id::text, '') as campaign,
    coalesce(m.template, '') as template, m.class, f.what, f.cause
from messages m
cross join lateral (values
    ('accepted', m.created_at, ''),
    ('sent', m.sent_at, ''),
    ('delivered', m.delivered_at, ''),
    ('read', m.read_at, ''),
    ('played', m.played_at, ''),
    (m.state, case when m.state in ('failed', 'dead', 'expired', 'canceled', 'blocked') then m.state_at end,
        coalesce(m.reason_code, ''))
) as f (what, at, cause)
where f.at is not null and not is_smoke(m.campaign_id);
