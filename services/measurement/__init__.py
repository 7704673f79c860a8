"""From a mask to lengths, and from lengths to what they mean for a decision."""
