"""The device's core against millions of damaged inputs, under sanitizers."""
