-- name: meet_receipts
-- The receipt's half of the meeting: raises the rank of the provider's id and tells which message it belongs to, if the
-- result was here first. Ranks never fall. Sorted by key; one row per key.
insert into provider_messages as p (
    instance, provider_id, rank, acked_at, delivered_at, read_at, played_at, error_at, error_text, recipient, fingerprint,
    by_api, seen_at, reference
)
select instance, provider_id, rank, acked_at, delivered_at, read_at, played_at, error_at, error_text, recipient,
    fingerprint, by_api, seen_at, reference
from unnest(
    %(instances)s::text[], %(provider_ids)s::text[], %(ranks)s::smallint[], %(acked_ats)s::timestamptz[],
    %(delivered_ats)s::timestamptz[], %(read_ats)s::timestamptz[], %(played_ats)s::timestamptz[],
    %(error_ats)s::timestamptz[], %(error_texts)s::text[], %(recipients)s::text[], %(fingerprints)s::text[],
    %(by_apis)s::boolean[], %(seen_ats)s::timestamptz[], %(references)s::text[]
) as r (instance, provider_id, rank, acked_at, delivered_at, read_at, played_at, error_at, error_text, recipient,
    fingerprint, by_api, seen_at, reference)
order by instance, provider_id
on conflict (instance, provider_id) do update
    set rank = greatest(p.rank, excluded.rank),
        acked_at = coalesce(p.acked_at, excluded.acked_at),
        delivered_at = coalesce(p.delivered_at, excluded.delivered_at),
        read_at = coalesce(p.read_at, excluded.read_at),
        played_at = coalesce(p.played_at, excluded.played_at),
        error_at = coalesce(p.error_at, excluded.error_at),
        error_text = coalesce(p.error_text, excluded.error_text),
        recipient = coalesce(p.recipient, excluded.recipient),
        fingerprint = coalesce(p.fingerprint, excluded.fingerprint),
        by_api = coalesce(p.by_api or excluded.by_api, p.by_api, excluded.by_api),
        seen_at = coalesce(p.seen_at, excluded.seen_at),
        reference = coalesce(p.reference, excluded.reference)
returning instance, provider_id, message_id, attempt, rank, delivered_at, read_at, played_at, error_at, error_text

-- name: raise_ranks
-- Merges receipts into messages by rank; an error wins only below delivered. Evidence also ends doubt and retry.
with locked as materialized (
    select m.id from messages m where m.id = any (%(ids)s::uuid[]) order by m.id for update
), wanted as (
    select r.*, (array['sent', 'delivered', 'read', 'played'])[r.rank] as target
    from unnest(%(ids)s::uuid[], %(attempts)s::integer[], %(ranks)s::smallint[], %(delivered_ats)s::timestamptz[],
        %(read_ats)s::timestamptz[], %(played_ats)s::timestamptz[], %(error_texts)s::text[], %(errors)s::boolean[],
        %(provider_ids)s::text[])
        as r (id, attempt, rank, delivered_at, read_at, played_at, error_text, error, provider_id)
)
update messages m
set state = case when w.error and w.rank <= 1 then 'failed' else w.target end,
    state_at = now(),
    sent_at = coalesce(m.sent_at, now()),
    delivered_at = coalesce(m.delivered_at, w.delivered_at),
    read_at = coalesce(m.read_at, w.read_at),
    played_at = coalesce(m.played_at, w.played_at),
    provider_id = coalesce(m.provider_id, w.provider_id),
    unknown_at = null,
    worker_id = null,
    reason_code = case when w.error and w.rank <= 1 then 'provider_error' end,
    reason_text = case when w.error and w.rank <= 1 then w.error_text end
from wanted w, locked l
where m.id = any (%(ids)s::uuid[]) and m.id = w.id and m.id = l.id
    and (
        (w.error and w.rank <= 1 and m.state in ('sending', 'sent', 'unknown') and m.attempt = w.attempt)
        or (w.target is not null and (
            m.state in ('queued', 'unknown')
            or (m.state = 'sending' and m.attempt = w.attempt)
            or (m.state = 'dead' and m.reason_code = 'unknown_outcome')
            or coalesce(array_position(array['sent', 'delivered', 'read', 'played'], m.state), 9) < w.rank))
    )
returning m.id, m.state
