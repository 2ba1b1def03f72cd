"""What the core needs from the world, as protocols whose contracts stand in their docstrings."""
