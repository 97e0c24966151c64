-- name: lock_keeper
-- One process at a time keeps hand-offs; whoever comes second has nothing to do.
select pg_try_advisory_xact_lock(1634627438) as mine

-- name: begin_handoff
-- A hand-off that is coming, so that the one before can add notes.
insert into oncall_handoffs (id, at, from_person, to_person, created_at)
values (%(id)s, %(at)s, %(from_person)s, %(to_person)s, %(now)s)
on conflict (at) do update set from_person = excluded.from_person, to_person = excluded.to_person
    where oncall_handoffs.posted_at is null and oncall_handoffs.accepted_at is null
        and (oncall_handoffs.from_person, oncall_handoffs.to_person) <> (excluded.from_person, excluded.to_person)

-- name: drop_handoff
-- A hand-off that is not going to be: the plan was changed before it was posted.
delete from oncall_handoffs where at = %(at)s and posted_at is null and accepted_at is null returning id

-- name: lock_handoff
-- The hand-off that waits, else the one that is coming or was the last; held until the transaction ends.
select id, at, from_person, to_person, notes, document, posted_at, accepted_at, accepted_by, warned_at, settled_at
from oncall_handoffs where at = coalesce(
    (select due.at from (select at, accepted_at from oncall_handoffs where at <= %(now)s order by at desc limit 1) due
        where due.accepted_at is null),
    (select max(at) from oncall_handoffs))
for update

-- name: note_handoff
-- What the one before adds.
update oncall_handoffs set notes = %(notes)s where id = %(id)s

-- name: post_handoff
-- The document as it was posted.
update oncall_handoffs set document = %(document)s, posted_at = %(now)s where id = %(id)s

-- name: accept_handoff
-- The next person takes it.
update oncall_handoffs set accepted_at = %(now)s, accepted_by = %(actor)s where id = %(id)s and accepted_at is null

-- name: warn_handoff
-- It was said that nobody took it.
update oncall_handoffs set warned_at = %(now)s where id = %(id)s

-- name: settle_handoff
-- That is over.
update oncall_handoffs set settled_at = %(now)s where id = %(id)s
