"""Tests of the services, on each kind of database."""
