"""Stand-ins for the outside that really answer, over loopback or in memory."""
