-- What is wrong, once per fingerprint while it goes on. `spell` numbers the runs of escalation: a warning that becomes
-- critical begins another, and each level is paged once in each. `due` is what the engine still has to look at.
create table incidents (
    id               uuid primary key,
    fingerprint      text not null,
    name             text not null,
    severity         text not null constraint incidents_severity_known check (severity in ('critical', 'warning')),
    summary          text not null,
    labels           jsonb not null default '{}',
    source           text not null,
    runbook_url      text,
    dashboard        text,
    state            text not null
        constraint incidents_state_known check (state in ('open', 'acknowledged', 'resolved')),
    starts_at        timestamptz not null,
    opened_at        timestamptz not null,
    clock_at         timestamptz not null,
    spell            smallint not null default 0,
    acknowledged_at  timestamptz,
    acknowledged_by  text,
    ack_seconds      float8,
    cleared_at       timestamptz,
    resolved_at      timestamptz,
    resolved_by      text,
    planned_for      date,
    planned_owner    text,
    reminders        integer not null default 0,
    signals          integer not null default 1,
    last_signal_at   timestamptz not null,
    told_state       text not null default 'open',
    constraint incidents_resolved_says_when check ((state = 'resolved') = (resolved_at is not null))
);
create unique index incidents_one_open on incidents (fingerprint) where resolved_at is null;
create index incidents_due on incidents (id) where resolved_at is null or told_state <> 'resolved';
create index incidents_fingerprint on incidents (fingerprint, id);
create index incidents_name on incidents (name, id);

create table incident_lines (
    ordinal      bigint generated always as identity primary key,
    incident_id  uuid not null references incidents (id) on delete cascade,
    at           timestamptz not null,
    kind         text not null,
    actor        text not null,
    text         text not null
);
create index incident_lines_incident on incident_lines (incident_id, at, ordinal);

-- Who was called: once per incident, spell and level, whoever ticks and however often.
create table incident_pages (
    incident_id  uuid not null references incidents (id) on delete cascade,
    spell        smallint not null,
    level        text not null
        constraint incident_pages_level_known check (level in ('oncall', 'backup', 'devops_lead', 'cto')),
    person       text,
    at           timestamptz not null,
    due_at       timestamptz not null,
    why          text not null,
    constraint incident_pages_once primary key (incident_id, spell, level)
);
create index incident_pages_at on incident_pages (at);

-- Times in which what they match pages nobody. Bounded, with an author and a reason.
create table silences (
    id           uuid primary key,
    kind         text not null constraint silences_kind_known check (kind in ('silence', 'maintenance')),
    matches      jsonb not null,
    starts_at    timestamptz not null,
    ends_at      timestamptz not null,
    author       text not null,
    reason       text not null,
    created_at   timestamptz not null,
    canceled_at  timestamptz,
    constraint silences_forwards check (ends_at > starts_at)
);
create index silences_ends on silences (ends_at);

-- The engine's own heartbeat: one row, whoever ticks.
create table escalation_engine (
    one             boolean primary key default true constraint escalation_engine_one check (one),
    last_tick_at    timestamptz not null,
    heartbeat_at    timestamptz
);

-- Changes of the system: what the audit trail holds of deploys, settings and pauses, without what the program mends by
-- itself. A view, so that no act is written down twice or in one place only.
create index audit_changes on audit (id) where split_part(action, '.', 1) in
    ('deploy', 'setting', 'queue', 'class', 'retry', 'instance', 'hook', 'templates', 'key')
    and action not like 'instance.mend%';
create view changes as
select id, at, actor, action, subject, detail,
    case when split_part(action, '.', 1) = 'deploy' then 'deploy'
         when action in ('queue.pause', 'queue.resume', 'hook.pause', 'hook.resume') then 'pause'
         else 'setting' end as kind
from audit
where split_part(action, '.', 1) in
    ('deploy', 'setting', 'queue', 'class', 'retry', 'instance', 'hook', 'templates', 'key')
    and action not like 'instance.mend%';
