"""Plays a source: plans callbacks with the faults of a real platform, signs them, posts them, counts the answers.

``plan.plan()`` is pure and repeats itself for the same seed; ``post.post()`` sends a plan; ``summary.Summary`` counts.
"""
