"""Bindings of backing services: what should exist outside the cluster, whose it is, how a workload gets it. Pure."""
