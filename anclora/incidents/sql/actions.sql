-- name: add_action
-- Something to do about what was learnt.
insert into incident_actions (id, incident_id, text, owner, due_on, created_at, created_by)
values (%(id)s, %(incident_id)s, %(text)s, %(owner)s, %(due_on)s, %(now)s, %(by)s)

-- name: lock_action
-- One action, held until the transaction ends.
select incident_id, done_at from incident_actions where id = %(id)s for update

-- name: finish_action
-- It is done.
update incident_actions set done_at = %(now)s, done_by = %(by)s where id = %(id)s

-- name: read_action
-- One action, with the name of its incident.
select a.*, i.name from incident_actions a join incidents i on i.id = a.incident_id where a.id = %(id)s

-- name: actions_of
-- All of an incident, the first due first.
select a.*, i.name from incident_actions a join incidents i on i.id = a.incident_id
where a.incident_id = %(incident_id)s order by a.due_on, a.id

-- name: list_actions
-- A page of actions, the first due first.
select a.*, i.name from incident_actions a join incidents i on i.id = a.incident_id
where case %(state)s::text when 'open' then a.done_at is null
    when 'overdue' then a.done_at is null and a.due_on < %(today)s
    when 'done' then a.done_at is not null else true end
order by a.due_on, a.id limit %(limit)s

-- name: overdue_by
-- Those whose day was over before a day began and that were not done at that moment, whatever became of them later.
select a.*, i.name from incident_actions a join incidents i on i.id = a.incident_id
where a.due_on < %(today)s and a.created_at < %(at)s and (a.done_at is null or a.done_at >= %(at)s)
order by a.due_on, a.id limit %(limit)s
