"""Channels that are told by HTTP what becomes of a release."""
