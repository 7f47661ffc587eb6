"""The explorer: pages, pictures and what they need. Reads `model/`, never the reverse."""
