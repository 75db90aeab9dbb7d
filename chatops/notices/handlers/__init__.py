"""What the running service does for notices."""
