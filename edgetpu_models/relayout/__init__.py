"""A compiled file laid out again, as its builder would have, where a name needs another room."""
