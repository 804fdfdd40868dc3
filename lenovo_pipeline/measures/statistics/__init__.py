"""Statistics of scores, seeded: intervals, paired tests, corrections, what can be detected, tests that may be looked at early."""
