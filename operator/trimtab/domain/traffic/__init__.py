"""Who gets which share of a service's traffic: orders of releases, and the providers that carry them out."""
