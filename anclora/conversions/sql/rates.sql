-- name: set_rate
-- The rate from a day on, until the next row.
insert into conversion_rates (currency, target, valid_from, rate, set_at, set_by)
values (%(currency)s, %(target)s, %(valid_from)s, %(rate)s, %(now)s, %(actor)s)
on conflict (currency, target, valid_from) do update
set rate = excluded.rate, set_at = excluded.set_at, set_by = excluded.set_by

-- name: remove_rate
-- No rate from this day on, but the one before.
delete from conversion_rates
where currency = %(currency)s and target = %(target)s and valid_from = %(valid_from)s
returning rate

-- name: find_rates
-- Every rate, the newest day first.
select currency, target, valid_from, rate, set_at, set_by from conversion_rates
where (%(currency)s::text is null or currency = %(currency)s)
order by currency, target, valid_from desc limit 1000

-- name: find_kinds
-- Every kind.
select name, meaning, revenue, created_at from conversion_kinds order by created_at, name

-- name: set_kind
-- A kind of one's own; whether it is revenue stays as it was made, or figures of the past would change.
insert into conversion_kinds (name, meaning, revenue, created_at)
values (%(name)s, %(meaning)s, %(revenue)s, %(now)s)
on conflict (name) do update set meaning = excluded.meaning where conversion_kinds.revenue = excluded.revenue
returning name, meaning, revenue, created_at
