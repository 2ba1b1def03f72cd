"""From raw samples of a metrics store to whole counts of closed ticks, by the store's clock alone (ADR 24)."""
