"""The schema, and what turns text into its messages."""
