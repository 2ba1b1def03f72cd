"""Releases: from what a CanaryRelease asks for and what is seen to the next order, verdict and status."""
