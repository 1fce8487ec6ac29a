"""What the app keeps in memory, bounded by bytes."""
