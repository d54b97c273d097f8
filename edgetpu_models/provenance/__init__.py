"""Is a compiled file really made from this original?"""
