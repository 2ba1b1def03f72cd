"""The reconciler of workload identities and its parts."""
