"""Recordings of epmalloc's events: reading, replaying, filtering, summarising."""
