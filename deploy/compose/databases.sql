-- What Postgres holds beside the ledger: Evolution's database, a role that may only read what Grafana draws, and one
-- that may only read what the server says of itself.
-- Run by psql after every migration; a second run changes nothing but the passwords.
\set ON_ERROR_STOP on
-- The passwords come from the environment: an argument would stand in the list of processes.
\getenv evolution_password EVOLUTION_DB_PASSWORD
\getenv reader_password LEDGER_READER_PASSWORD
\getenv monitor_password MONITOR_PASSWORD

select format('create role %I login', name)
from unnest(array['evolution', 'anclora_reader', 'anclora_monitor']) as name
where not exists (select from pg_roles where rolname = name)
\gexec
alter role evolution password :'evolution_password';
alter role anclora_reader password :'reader_password';
alter role anclora_monitor password :'monitor_password';
grant pg_monitor to anclora_monitor;

select 'create database evolution owner evolution'
where not exists (select from pg_database where datname = 'evolution')
\gexec
-- Otherwise each role may look into the other's database.
revoke connect on database evolution from public;
select format('revoke connect on database %I from public', current_database())
\gexec
select format('grant connect on database %I to anclora_reader, anclora_monitor', current_database())
\gexec

grant select on dashboard_messages, conversations, conversions, conversion_kinds, conversion_rates, currencies
    to anclora_reader;

-- The slow statements of `anclora logs slow`; some builds of Postgres come without them.
select 'create extension if not exists pg_stat_statements'
where exists (select from pg_available_extensions where name = 'pg_stat_statements')
\gexec
