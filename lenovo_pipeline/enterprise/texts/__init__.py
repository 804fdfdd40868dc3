"""The texts of the world: what its records say when people write them down.

Belongs here: phrase banks, how values are written, which voice writes which record, and how alike texts are.
Does not belong here: the facts themselves, which the simulation modules beside this package make.
"""
