"""What developers run: set-up, tests, style."""
