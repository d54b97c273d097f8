"""The real compiler: finding it, running it, and reading its log."""
