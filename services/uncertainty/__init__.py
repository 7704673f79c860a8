"""How sure an ensemble is, and of what kind its doubt is."""
