"""Postgres: connections, named queries, migrations; and the private servers."""
