"""What the catalogue becomes: rules and their tests for Prometheus, routes for Alertmanager, a page for each alert."""

from anclora.alerts.files.pages import page
from anclora.alerts.files.written import differences, prometheus_files, write, written
from anclora.alerts.links import Links

__all__ = ["Links", "differences", "page", "prometheus_files", "write", "written"]
