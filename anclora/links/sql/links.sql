-- name: insert_link
-- A link; where it leads is fixed from now on.
insert into links (
    id, token, account, url, message_id, contact_id, campaign_id, conversion_kind, created_at, created_by, expires_at
)
values (
    %(id)s, %(token)s, %(account)s, %(url)s, %(message_id)s, %(contact_id)s, %(campaign_id)s, %(conversion_kind)s,
    %(created_at)s, %(created_by)s, %(expires_at)s
)

-- name: follow_link
-- Where a token leads, if it still does, and when the message it stands in was sent.
select l.id, l.token, l.account, l.url, l.message_id, l.contact_id, l.campaign_id, l.conversion_kind, m.sent_at
from links l left join messages m on m.id = l.message_id
where l.token = %(token)s and (l.expires_at is null or l.expires_at > %(now)s)

-- name: insert_click
-- Somebody or something followed it.
insert into link_clicks (id, link_id, at, agent, scanner) values (%(id)s, %(link_id)s, %(at)s, %(agent)s, %(scanner)s)

-- name: show_link
-- One link, and how often it was followed.
select l.id, l.token, l.url, l.message_id, l.contact_id, l.campaign_id, l.conversion_kind, l.created_at, l.created_by,
    l.expires_at, c.clicks, c.scanners
from links l, lateral (
    select count(*) filter (where scanner is null)::integer as clicks,
        count(*) filter (where scanner is not null)::integer as scanners
    from link_clicks where link_id = l.id
) c
where l.token = %(token)s and l.account = %(account)s

-- name: find_links
-- A page of links, the newest first.
select l.id, l.token, l.url, l.message_id, l.contact_id, l.campaign_id, l.conversion_kind, l.created_at, l.created_by,
    l.expires_at, c.clicks, c.scanners
from links l, lateral (
    select count(*) filter (where scanner is null)::integer as clicks,
        count(*) filter (where scanner is not null)::integer as scanners
    from link_clicks where link_id = l.id
) c
where l.account = %(account)s and l.id < %(before)s::uuid
order by l.id desc limit %(limit)s

-- name: read_clicks
-- The latest clicks of a link.
select id, at, agent, scanner from link_clicks where link_id = %(link_id)s order by id desc limit 200
