-- name: read_classes
-- What becomes of doubts, class by class.
select class, unknown from classes

-- name: write_class
-- Hold them for a person, or send them again.
update classes set unknown = %(unknown)s where class = %(class)s
