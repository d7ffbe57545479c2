"""The tables and the reads that are used twice."""
