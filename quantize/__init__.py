"""Float networks to int8, and the measured difference between the two."""
