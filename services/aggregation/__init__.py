"""From a map of doubt to numbers that sort a worklist."""
