"""What files mean: one module a format, over one engine for tables."""
