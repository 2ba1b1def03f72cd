"""Measures every bar and writes the table and the plot of docs/reference/verdicts.md: python -m tests.perf.verdicts."""
