"""Numbers, layer by layer: executors, tolerances, and the search for the first bad layer."""
