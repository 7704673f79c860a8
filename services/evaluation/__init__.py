"""How well a model outlines generated scans that it never learnt from, and one real scan: figures with intervals."""
