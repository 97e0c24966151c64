"""Everything that can be measured, by name: one small module each, behind one contract."""

from collections.abc import Mapping

from anclora.playbook.sources import (
    alerts,
    audit,
    backups,
    capacity,
    costs,
    deploys,
    deps,
    disk,
    doors,
    figures,
    github,
    health,
    instances,
    keys,
    logs,
    metrics,
    pages,
    queue,
    redis,
    reports,
    retention,
    security,
    sentry,
)
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading

_MODULES = (
    *(alerts, audit, backups, capacity, costs, deploys, deps, disk),
    *(doors, figures, github, health, instances, keys, logs, metrics),
    *(pages, queue, redis, reports, retention, security, sentry),
)
QUERIES: Mapping[str, Query] = {name: query for module in _MODULES for name, query in module.QUERIES.items()}

__all__ = ["MOST_FACTS", "QUERIES", "Parts", "Query", "Reading"]
