"""Measurements: what users feel, as ratios against a program they know, taken side by side in one run."""
