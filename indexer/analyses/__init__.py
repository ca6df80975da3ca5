"""What a release says as a whole, in counts: pure functions from its tables to a table each.

Descriptive: counts, shares with intervals, comparisons within frameworks. No cause is claimed anywhere.
"""
