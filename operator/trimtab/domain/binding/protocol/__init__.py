"""The protocol of bindings: from looks at external resources to what is to be done about them (ADR 25)."""
