-- What a key may do follows from its role, or was named one by one. A version that knows no roles finds no scopes in a
-- key that has one, and lets it do nothing.
alter table api_keys add column role text,
    add constraint api_keys_role_or_scopes check (role is null or scopes = '{}');
-- To read what messages say is a scope of its own from here on. Every key whose doors answered with people's words keeps
-- what it had.
update api_keys set scopes = scopes || '{messages:bodies}'
where scopes && '{messages:read,messages:send,inbound:read,conversations:read,conversations:write,hooks:read,hooks:write}'
  and not scopes @> '{messages:bodies}';
