"""Long and hostile runs: soak, power cuts."""
