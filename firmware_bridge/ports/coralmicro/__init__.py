"""The Coral Dev Board Micro: glue to its SDK, its build, and where the linker put everything."""
