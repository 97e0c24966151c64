-- A row of the map changes up to five times (result and receipts meet on it): with room on its page that touches no index.
alter table provider_messages set (fillfactor = 60);
