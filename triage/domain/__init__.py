"""Pure rules: the standard library only, no clock, no I/O."""
