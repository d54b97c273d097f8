"""A device in C on the bench beside the same device in Python, for every kind of front-end."""
