-- name: be_alone
-- One safe action at a time, in all processes.
select pg_advisory_xact_lock(hashtext('playbook_fix'))

-- name: recent_fixes
-- What was done in the last day, the newest first; what was looked at and not needed counts for nothing.
select action, began_at, result from playbook_fixes
where began_at > %(since)s and result is distinct from 'not_needed'
order by began_at desc limit 200

-- name: begin_fix
-- It begins, and counts from now on, however it ends.
insert into playbook_fixes (id, action, checklist, check_id, actor, began_at)
values (%(id)s, %(action)s, %(checklist)s, %(check_id)s, %(actor)s, %(now)s)

-- name: end_fix
-- How it ended.
update playbook_fixes set ended_at = %(now)s, result = %(result)s, detail = %(detail)s
where id = %(id)s and ended_at is null

-- name: forget_fixes
-- The audit trail has them too.
delete from playbook_fixes where began_at < %(before)s
