"""Placeholder until the command line lands."""


def main() -> None:
    """Entry point."""
