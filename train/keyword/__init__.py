"""The keyword branch: which telling word, if any, was said in a window."""
