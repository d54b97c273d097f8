"""The `undertone` command: one file per verb."""
