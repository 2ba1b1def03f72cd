"""The judgement of a release: its KPIs, tick by tick, on the evidence so far; remembered in the status (ADR 23)."""
