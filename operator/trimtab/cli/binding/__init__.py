"""`trimtab binding`: see ServiceBindings, and take over what exists."""
