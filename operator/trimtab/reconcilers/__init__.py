"""Queue, observe, decide, execute, report: the way from an event to the API calls."""
