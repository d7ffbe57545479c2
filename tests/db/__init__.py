"""Tests of the tables, the engine and the migrations."""
