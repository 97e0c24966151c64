-- Disaster drills: what was rehearsed, and how it ended.
create table drills (
    id           uuid primary key,
    scenario     text not null,
    started_at   timestamptz not null,
    seconds      double precision not null,
    messages     integer not null,
    rto_seconds  double precision,
    rpo_seconds  double precision not null,
    lost         integer not null,
    doubled      integer not null,
    figures_off  integer not null,
    steps        jsonb not null,
    failures     jsonb not null,
    constraint drills_once unique (scenario, started_at)
);
create index drills_recent on drills (started_at, id);

-- Since when a drill may be missed: an installation of yesterday is not behind with its monthly one.
create table drill_watch as select now() as began_at;
