"""Recordings of epmalloc's events: the format, their replay, and the heap at times in between."""
