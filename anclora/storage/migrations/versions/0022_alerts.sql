-- What is so, by whoever says it. A row is pending until it has been so for long enough, then it fires; when it is over
-- the row goes. `fingerprint` names the occurrence, the same for both sources.
create table alert_states (
    fingerprint    text not null,
    source         text not null constraint alert_states_source_known check (source in ('evaluator', 'alertmanager')),
    name           text not null,
    severity       text not null constraint alert_states_severity_known
        check (severity in ('critical', 'warning', 'none')),
    labels         jsonb not null,
    summary        text not null,
    level          double precision not null,
    pending_since  timestamptz not null,
    firing_since   timestamptz,
    told_at        timestamptz,
    seen_at        timestamptz not null,
    constraint alert_states_pkey primary key (fingerprint, source)
);

-- When each source was last heard, and what the evaluator could not see then.
create table alert_rounds (
    source  text not null,
    at      timestamptz not null,
    unseen  text[] not null default '{}',
    constraint alert_rounds_pkey primary key (source)
);
