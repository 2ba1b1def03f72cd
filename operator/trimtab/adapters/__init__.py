"""The ports made real; siblings do not know each other."""
