"""The demo: a shop of three services, shown step by step."""
