-- Where a fact stands in the chain, and the hash over it and the one before; null until it is sealed, soon after its commit.
alter table audit
    add column place bigint,
    add column hash bytea,
    add constraint audit_sealed_whole check ((place is null) = (hash is null));
create unique index audit_place on audit (place) where place is not null;
create index audit_unsealed on audit (id) where place is null;
