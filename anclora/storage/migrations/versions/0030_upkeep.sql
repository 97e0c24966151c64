-- The statements that took most time in all, where the server counts them (pg_stat_statements); no row where it does not.
-- Numbers are those since its last reset; times in milliseconds.
create function slow_statements(most integer)
returns table (
    query text, calls bigint, total_ms double precision, mean_ms double precision, worst_ms double precision,
    returned bigint, read_blocks bigint, hit_blocks bigint, spilled_blocks bigint
) language plpgsql stable as $$
begin
    if to_regclass('pg_stat_statements') is null then
        return;
    end if;
    return query
        select s.query, s.calls, s.total_exec_time, s.mean_exec_time, s.max_exec_time,
            s.rows, s.shared_blks_read, s.shared_blks_hit, s.temp_blks_written
        from pg_stat_statements s
        where s.dbid = (select oid from pg_database where datname = current_database()) and s.query is not null
        order by s.total_exec_time desc
        limit most;
end $$;

-- What Cost Explorer said of a month and the one before it: asked once a day, since it charges for each question.
create table cost_answers (
    month date not null,
    tag text not null,
    asked_on date not null,
    asked_at timestamptz not null default now(),
    answer jsonb not null,
    primary key (month, tag),
    constraint cost_answers_whole_month check (extract(day from month) = 1)
);
