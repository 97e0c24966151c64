-- The file of what somebody sent, once it was fetched: a hash of `media`, which may have been forgotten since.
alter table heard add column media_hash text;

-- What a provider said of an account is told to people from here; among the events of messages it would be a needle.
create index events_account on events (id) where type = 'account.changed';

-- Held messages by their end: one that expires while it is held does so then, and not when its gate opens.
create index messages_held_expiry on messages (expires_at) where hold_reason is not null and expires_at is not null;
