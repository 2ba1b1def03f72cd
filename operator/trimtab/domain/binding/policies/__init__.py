"""What administrators permit, what roles need for it, and what is left behind without a binding (ADR 27)."""
