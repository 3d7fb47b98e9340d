"""Landing, lake, gates, publishing and Dagster around the dbt project. SQL models live in `models/`."""
