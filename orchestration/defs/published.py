"""The published version as an asset: gate 2 and the switch."""

from collections.abc import Iterable

import dagster as dg

from orchestration.defs.resources import NightResource
from orchestration.publishing import versions

KEY = dg.AssetKey(["published", "marts"])


def published_asset(marts: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """`published/marts`, after every model under models/marts."""

    @dg.asset(key=KEY, deps=list(marts), group_name="published", kinds={"duckdb"})
    def published_marts(night: NightResource) -> dg.MaterializeResult:
        """Require every expected gate, write the next version, switch `current` to it. Refuses on its own account."""
        version = night.current.publish()
        manifest = versions.read_manifest(version)
        return dg.MaterializeResult(
            metadata={
                "version": manifest["version"],
                "path": dg.MetadataValue.path(str(version)),
                "rows": sum(manifest["rows"].values()),
                "gates": len(night.current.record.results),
                "dirty_days": "all" if manifest["dirty_days"] is None else ", ".join(manifest["dirty_days"]),
                "data_docs": dg.MetadataValue.path(str(version / versions.DATA_DOCS / "index.html")),
            }
        )

    return published_marts
