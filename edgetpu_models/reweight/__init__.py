"""The compiled form of a retrained network, from one real compile of the same architecture."""
