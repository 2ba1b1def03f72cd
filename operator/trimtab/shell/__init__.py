"""kopf, settings, probes, metrics and the composition root."""
