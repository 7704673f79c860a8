"""What several readers drew of one scan: soft labels, a consensus, and how far they agree."""
