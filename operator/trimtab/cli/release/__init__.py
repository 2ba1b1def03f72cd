"""`trimtab release`: see releases, and have a say in them."""
