-- name: insert_key
-- A new key; its text is not among the values.
insert into api_keys (id, account, name, prefix, hash, role, scopes)
values (%(id)s, %(account)s, %(name)s, %(prefix)s, %(hash)s, %(role)s, %(scopes)s)
returning id, account, name, prefix, role, scopes, created_at, revoked_at

-- name: list_keys
-- Every key, the newest first, revoked ones included.
select id, account, name, prefix, role, scopes, created_at, revoked_at
from api_keys order by id desc limit 1000

-- name: find_key
-- The living key of a prefix, with the hash that proves it.
select id, account, name, hash, role, scopes
from api_keys where prefix = %(prefix)s and revoked_at is null

-- name: revoke_key
-- Ends a living key, named by its id or its prefix.
update api_keys set revoked_at = now()
where (prefix = %(which)s or id::text = %(which)s) and revoked_at is null
returning id, account, name, prefix, role, scopes, created_at, revoked_at
