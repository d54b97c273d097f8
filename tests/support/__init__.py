"""What several tests share: bundles, recordings, corpora in miniature, stand-ins.

Tests import from here, never from each other.
"""
