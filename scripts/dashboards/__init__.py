"""The dashboards as data: `python -m scripts.dashboards` writes deploy/grafana/dashboards, `--check` compares."""
