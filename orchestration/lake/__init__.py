"""The Iceberg lake: catalog, commits, load ledger, DuckDB views over the current files, dirty days."""
