"""Where minutes are kept: ClickHouse, embedded or a server, and Parquet files."""
