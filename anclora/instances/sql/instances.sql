-- name: read_instances
-- Every number, by name; more than a process should hold would be cut off here.
select name, provider, state, state_at, owner, paused_until, pause_reason, secret, old_secret, old_secret_until,
    stalled_since, stalled_reason, mend_stopped_at, mend_note, webhook_url
from instances where removed_at is null order by name limit 10000

-- name: upsert_instances
-- What the provider shows. It calls a number whose session was ended `close`; we know better until it opens again.
insert into instances as i (name, provider, state, owner, secret)
select name, %(provider)s, state, owner, secret
from unnest(%(names)s::text[], %(states)s::text[], %(owners)s::text[], %(secrets)s::text[])
    as r (name, state, owner, secret)
order by name
on conflict (name) do update set
    provider = excluded.provider,
    owner = coalesce(excluded.owner, i.owner),
    state = case when i.state = 'logged_out' and excluded.state = 'close' then i.state else excluded.state end,
    state_at = case
        when i.state = excluded.state or (i.state = 'logged_out' and excluded.state = 'close') then i.state_at
        else now()
    end
where i.removed_at is null

-- name: adopt
-- Deleted by us, and wanted back.
update instances set removed_at = null where name = any (%(names)s::text[]) and removed_at is not null

-- name: set_webhook_url
-- Where the events of a number shall go, for whoever looks whether they still do.
update instances set webhook_url = %(url)s where name = %(name)s

-- name: mark_missing
-- Numbers we know and the provider no longer shows.
update instances set state = 'missing', state_at = now()
where provider = %(provider)s and name <> all (%(names)s::text[]) and state <> 'missing' and removed_at is null
returning name

-- name: rotate_secret
-- A new secret; the one it replaces stays good for a day, because deliveries under way still carry it.
update instances set old_secret = secret, old_secret_until = now() + interval '24 hours', secret = %(secret)s
where name = %(name)s and removed_at is null
returning name, provider, state, state_at, owner, paused_until, pause_reason, secret, old_secret, old_secret_until,
    stalled_since, stalled_reason, mend_stopped_at, mend_note, webhook_url

-- name: read_pacing
-- How fast every number goes; the columns are null where nobody chose anything.
select i.name as instance, i.provider, l.quality, l.tier, l.throughput, l.per_minute as theirs_per_minute,
    l.new_recipients_per_day as theirs_new_recipients_per_day, l.read_at, p.preset, p.first_day, p.per_minute, p.burst, p.jitter, p.gap_seconds, p.at_once, p.per_day,
    p.new_recipients_per_day, p.kept_share, p.warm_up
from instances i left join pacing p on p.instance = i.name left join number_limits l on l.instance = i.name
where i.removed_at is null
order by i.name

-- name: lock_instance
-- Changes of one number go one after the other.
select name from instances where name = %(name)s and removed_at is null for update

-- name: write_pacing
-- The whole row, old and changed values together.
insert into pacing (instance, preset, first_day, per_minute, burst, jitter, gap_seconds, at_once, per_day,
    new_recipients_per_day, kept_share, warm_up)
values (%(instance)s, %(preset)s, %(first_day)s, %(per_minute)s, %(burst)s, %(jitter)s, %(gap_seconds)s, %(at_once)s,
    %(per_day)s, %(new_recipients_per_day)s, %(kept_share)s, %(warm_up)s::integer[])
on conflict (instance) do update set
    preset = excluded.preset, first_day = excluded.first_day, per_minute = excluded.per_minute, burst = excluded.burst,
    jitter = excluded.jitter, gap_seconds = excluded.gap_seconds, at_once = excluded.at_once,
    per_day = excluded.per_day, new_recipients_per_day = excluded.new_recipients_per_day,
    kept_share = excluded.kept_share, warm_up = excluded.warm_up

-- name: claim_name
-- A new number, or one that was deleted or lost and comes again; nothing when there is one.
insert into instances as i (name, provider, state, secret, webhook_url)
values (%(name)s, %(provider)s, 'close', %(secret)s, %(webhook_url)s)
on conflict (name) do update set
    provider = excluded.provider, state = 'close', state_at = now(), secret = excluded.secret, old_secret = null,
    webhook_url = excluded.webhook_url, removed_at = null, owner = null, stalled_since = null, stalled_reason = null,
    acked_at = null, mends_from = now(), mend_stopped_at = null, mend_note = null
where i.removed_at is not null or i.state = 'missing'
returning name, provider, state, state_at, owner, paused_until, pause_reason, secret, old_secret, old_secret_until,
    stalled_since, stalled_reason, mend_stopped_at, mend_note, webhook_url

-- name: remove
-- Given up. The row stays: the provider may show the number for some minutes, and messages name it for ever.
update instances set removed_at = now() where name = %(name)s

-- name: mark_logged_out
-- The pairing was ended by us.
update instances set state = 'logged_out', state_at = now(), state_reason = 401
where name = %(name)s and state not in ('logged_out', 'missing')

-- name: unfinished_of
-- Whether anything of a number is not out yet.
select from instances i
where i.name = %(name)s and (
    exists (select from messages m where m.instance = i.name and m.open)
    or exists (select from messages m where m.ordinal is null and m.instance = i.name and m.state = 'scheduled'))
-- name: store_limits
-- What the provider lets its numbers do, read just now.
insert into number_limits as l (instance, quality, tier, throughput, per_minute, new_recipients_per_day, read_at)
select name, quality, tier, throughput, per_minute, new_recipients_per_day, now()
from json_to_recordset(%(rows)s::json) as r (name text, quality text, tier text, throughput text,
    per_minute double precision, new_recipients_per_day integer)
order by name
on conflict (instance) do update set
    quality = excluded.quality, tier = excluded.tier, throughput = excluded.throughput,
    per_minute = excluded.per_minute, new_recipients_per_day = excluded.new_recipients_per_day, read_at = now()

-- name: correct_limits
-- What an event told of one number, by name or by its own digits, or of all the account's when it names none.
insert into number_limits as l (instance, quality, tier, new_recipients_per_day)
select name, %(quality)s::text, %(tier)s::text, %(people)s::integer from instances
where provider = %(provider)s::text and (
    (%(owner)s::text is null and left(%(instance)s::text, 1) = '@') or name = %(instance)s::text
    or owner = %(owner)s::text)
order by name
on conflict (instance) do update set
    quality = coalesce(excluded.quality, l.quality),
    tier = coalesce(excluded.tier, l.tier),
    new_recipients_per_day = case when excluded.tier is null then l.new_recipients_per_day
        else excluded.new_recipients_per_day end,
    read_at = now()

-- name: tell_account
-- What a provider said of an account or a number, for integrators; once, however often its webhook is read.
with told as (
    insert into events (id, type, subject, instance, at, data)
    select id, %(type)s::text, subject, instance, now(), data
    from json_to_recordset(%(rows)s::json) as r (id uuid, instance text, subject text, data jsonb)
    order by id
    on conflict (id) do nothing
    returning id
)
insert into events_unread (event_ids) select array_agg(id) from told having count(*) > 0

-- name: untold_account
-- What was bad in it and is no notice yet, the oldest first.
select e.id, e.data from events e
where e.type = %(type)s::text and e.id >= %(low)s::uuid and e.data ->> 'severity' <> 'info'
    and not exists (select from notices n where n.key = 'account:' || e.id::text)
order by e.id limit %(limit)s
