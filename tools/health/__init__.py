"""What `undertone doctor` looks at: a view of the system, and one small check per thing."""
