-- name: store_templates
-- What was heard of templates, and a line for integrators about each whose status changed. A template seen for the first
-- time in a list is no change; one an event tells of is.
with given as materialized (
    select * from json_to_recordset(%(rows)s::json) as r (
        name text, language text, status text, category text, provider_id text, components jsonb, quality text,
        reason text, event_id uuid)
), before as materialized (
    select t.name, t.language, t.status from templates t join given g on g.name = t.name and g.language = t.language
    where t.provider = %(provider)s::text
), stored as (
    insert into templates as t (provider, name, language, status, category, provider_id, components, quality, reason,
        synced_at)
    select %(provider)s::text, name, language, status, category, provider_id, components, quality, reason,
        case when %(listed)s::boolean then now() end
    from given order by name, language
    on conflict (provider, name, language) do update
        set status = excluded.status,
            status_at = case when t.status = excluded.status then t.status_at else now() end,
            category = coalesce(excluded.category, t.category),
            provider_id = coalesce(excluded.provider_id, t.provider_id),
            components = coalesce(excluded.components, t.components),
            quality = coalesce(excluded.quality, t.quality),
            reason = case when t.status = excluded.status then coalesce(excluded.reason, t.reason)
                else excluded.reason end,
            synced_at = coalesce(excluded.synced_at, t.synced_at),
            gone_at = case when %(listed)s::boolean then null else t.gone_at end
), told as (
insert into events (id, type, subject, instance, at, data)
select g.event_id, 'template.status', 'template:' || g.name, '@' || %(provider)s::text, now(),
    jsonb_build_object('name', g.name, 'language', g.language, 'status', g.status, 'before', b.status,
        'reason', g.reason)
from given g left join before b on b.name = g.name and b.language = g.language
where b.status is distinct from g.status and (b.status is not null or not %(listed)s::boolean)
returning id
)
insert into events_unread (event_ids) select array_agg(id) from told having count(*) > 0

-- name: mark_gone
-- Templates we know and the provider no longer lists.
update templates t set gone_at = now()
where t.provider = %(provider)s::text and t.gone_at is null and not exists (
    select from json_to_recordset(%(rows)s::json) as r (name text, language text)
    where r.name = t.name and r.language = t.language)
returning name, language

-- name: list_templates
-- Templates by name; the ones that are gone only when asked for by name.
select provider, name, language, status, category, components, quality, reason, status_at, synced_at, gone_at
from templates
where (%(status)s::text is null or status = %(status)s::text) and (%(name)s::text is null or name = %(name)s::text)
    and (gone_at is null or %(name)s::text is not null)
order by name, language, provider
limit 1000
