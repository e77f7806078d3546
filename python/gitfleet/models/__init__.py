"""Values, and nothing that does anything."""
