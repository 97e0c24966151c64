-- Messages not at their end by the moment after which they may not leave: held ones, waiting ones, those of a paused lane.
-- It hangs on `open` as the head guard does, so that only a message's end touches it.
create index messages_expiry on messages (expires_at) where open and expires_at is not null;
drop index messages_held_expiry;
