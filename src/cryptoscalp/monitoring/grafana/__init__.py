"""Dashboards and alert rules, as files that Grafana and Prometheus read."""
