"""The chip: its memories, its clock, and what firmwares were found to take of it."""
