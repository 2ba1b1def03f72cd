"""Trimtab: a Kubernetes operator that runs the whole life of a microservice."""

from importlib.metadata import version

__version__ = version("trimtab")
