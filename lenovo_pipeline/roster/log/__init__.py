"""The log of decisions: rows that are only added, each sealed together with the one before, and a head that is kept apart."""
