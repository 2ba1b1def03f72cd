"""HTTP to hosts that a user names and the operator's administrator allows: one guarded way out for all who need it."""
