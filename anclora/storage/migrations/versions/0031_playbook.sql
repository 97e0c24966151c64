-- Since when a routine is expected: no slot before it is due, and one that never ran is missed from here on.
create table playbook_routines (
    checklist   text not null,
    expected_since timestamptz not null default now(),
    constraint playbook_routines_pkey primary key (checklist)
);
insert into playbook_routines (checklist) values ('morning'), ('evening'), ('weekly'), ('monthly');

-- One row a run. By itself a routine runs once for each moment it is due, however many processes want to.
create table playbook_runs (
    id          uuid not null,
    checklist   text not null constraint playbook_runs_checklist_known check (
        checklist in ('morning', 'evening', 'weekly', 'monthly', 'pre-deploy', 'post-deploy')),
    due_at      timestamptz,
    started_at  timestamptz not null,
    ended_at    timestamptz,
    actor       text not null,
    commit_id   text,
    results     jsonb not null default '[]',
    constraint playbook_runs_pkey primary key (id),
    constraint playbook_runs_ends_after_start check (ended_at >= started_at),
    constraint playbook_runs_one_a_slot unique (checklist, due_at)
);
create index playbook_runs_by_start on playbook_runs (checklist, started_at desc);

-- A safe action that was begun: what the rate limit counts. An open one was interrupted, and counts as failed.
create table playbook_fixes (
    id          uuid not null,
    action      text not null,
    checklist   text not null,
    check_id    text not null,
    actor       text not null,
    began_at    timestamptz not null,
    ended_at    timestamptz,
    result      text constraint playbook_fixes_result_known check (result in ('fixed', 'not_needed', 'failed')),
    detail      text,
    constraint playbook_fixes_pkey primary key (id),
    constraint playbook_fixes_ended_has_result check ((ended_at is null) = (result is null))
);
create index playbook_fixes_by_time on playbook_fixes (began_at desc);
