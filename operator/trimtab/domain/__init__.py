"""The pure core: no input or output, no clock, no randomness; time and identities are arguments."""
