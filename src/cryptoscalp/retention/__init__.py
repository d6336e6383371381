"""What leaves PostgreSQL, when, and how it is proved that nothing is lost."""
