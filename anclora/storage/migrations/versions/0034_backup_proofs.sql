-- When a backup was last restored to be compared, and what was wrong with it; null = nothing, or it was not tried yet.
alter table backups add column tried_at timestamptz, add column unproved text,
    add constraint backups_unproved_was_tried check (unproved is null or tried_at is not null);
