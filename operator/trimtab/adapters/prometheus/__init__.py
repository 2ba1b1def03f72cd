"""Prometheus, or whatever speaks its HTTP API, behind the metrics port."""
