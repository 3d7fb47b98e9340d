"""The published version as an asset: gate 2 and the switch."""

from collections.abc import Iterable

import dagster as dg

from orchestration.defs.resources import NightResource, shown_days
from orchestration.publishing import versions

KEY = dg.AssetKey(["published", "marts"])


def published_asset(marts: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """`published/marts`, after every model under models/marts."""

    @dg.asset(key=KEY, deps=list(marts), group_name="published", kinds={"duckdb"})
    def published_marts(night: NightResource) -> dg.MaterializeResult:
        """The version that BI tools read: marts.duckdb, Parquet and Data Docs under `published/current`.

        Written and switched to only where every expected gate is present and passes; else the version before it stays.
        """
        version = night.current.publish()
        manifest = versions.read_manifest(version)
        rows_of = "\n".join(
            ["| table | rows |", "|---|--:|", *(f"| {table} | {rows:,} |" for table, rows in manifest["rows"].items())]
        )
        return dg.MaterializeResult(
            metadata={
                "version": manifest["version"],
                "path": dg.MetadataValue.path(str(version)),
                "rows": sum(manifest["rows"].values()),
                "gates": len(night.current.record.results),
                "rows_of": dg.MetadataValue.md(rows_of),
                "dirty_days": shown_days(night.current.plan().days),
                "data_docs": dg.MetadataValue.path(str(version / versions.DATA_DOCS / "index.html")),
            }
        )

    return published_marts
