"""Models that outline what a prompt points at: a box, clicks, a mask of before, an example."""
