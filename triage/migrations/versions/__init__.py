"""One file a change of the schema, named by date."""
