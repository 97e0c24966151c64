-- What was learnt and is to be done: the actions of a post-mortem, each with an owner and a day. They outlive nothing: an
-- incident with actions cannot be deleted.
create table incident_actions (
    id           uuid primary key,
    incident_id  uuid not null references incidents (id),
    text         text not null constraint incident_actions_text check (length(text) between 1 and 300),
    owner        text not null constraint incident_actions_owner check (length(owner) between 1 and 60),
    due_on       date not null,
    created_at   timestamptz not null,
    created_by   text not null,
    done_at      timestamptz,
    done_by      text,
    constraint incident_actions_done check ((done_at is null) = (done_by is null))
);
create index incident_actions_incident on incident_actions (incident_id);
create index incident_actions_open on incident_actions (due_on) where done_at is null;
