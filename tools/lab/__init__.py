"""Our front-end against the stock ones: races, oracles, alignment."""
