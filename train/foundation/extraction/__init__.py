"""Layers of a foundation model over a whole corpus: planned in shards, computed anywhere, kept on disk."""
