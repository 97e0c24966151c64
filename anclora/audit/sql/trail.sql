-- name: record
-- One fact, in the transaction of the change it tells of.
insert into audit (id, actor, action, subject, detail)
values (%(id)s, %(actor)s, %(action)s, %(subject)s, %(detail)s)

-- name: recent
-- The latest facts; ids are ordered by time.
select id, at, actor, action, subject, detail from audit order by id desc limit %(limit)s
