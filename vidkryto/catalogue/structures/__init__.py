"""The recommended structures of Resolution 835 as Table Schemas: read, mended, compared."""
