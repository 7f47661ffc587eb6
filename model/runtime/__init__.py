"""Who runs what when, and how fast."""
