"""The compiled program, opened: where its bytes lie, how layers are stored, what its requantisation records say."""
