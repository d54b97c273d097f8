"""One file per verb of the `undertone` command."""
