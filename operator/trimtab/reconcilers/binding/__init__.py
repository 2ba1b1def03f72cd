"""The reconciler of ServiceBindings and its parts."""
