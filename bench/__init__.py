"""Measurements as ratios: ours, the plain way and the physical limit, in turn, in one run."""
