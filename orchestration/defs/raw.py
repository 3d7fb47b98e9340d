"""Raw assets: one per raw table, all loaded by one step, because one process judges all that arrived."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from orchestration.defs.resources import NightResource

ARRIVALS_CHECK = "arrivals"


def raw_keys(manifest: Mapping[str, Any]) -> dict[str, tuple[dg.AssetKey, str, str]]:
    """Raw table -> (asset key, source, description), as the dbt sources declare them."""
    return {
        source["name"]: (
            dg.AssetKey(source["meta"]["dagster"]["asset_key"]),
            source["source_name"],
            source["description"],
        )
        for source in sorted(manifest["sources"].values(), key=lambda source: (source["source_name"], source["name"]))
    }


def raw_assets(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """The step that loads what has landed.

    Each table has the check `arrivals`. It does not block: a refused load stays out of its table, and all other sources
    go on.
    """
    tables = raw_keys(manifest)
    specs = [
        dg.AssetSpec(key, group_name=f"raw_{source}", description=description, kinds={"iceberg"})
        for key, source, description in tables.values()
    ]
    checks = [
        dg.AssetCheckSpec(
            ARRIVALS_CHECK, asset=key, description="Great Expectations on each candidate, before it is committed"
        )
        for key, _, _ in tables.values()
    ]

    @dg.multi_asset(name="load_landed", specs=specs, check_specs=checks)
    def load_landed(night: NightResource) -> Iterator[dg.MaterializeResult]:
        """Type, judge and commit what has landed."""
        this = night.current

        loaded = this.load(begun=this.start_dbt)
        for table, (key, _, _) in tables.items():
            loads = [load for load in loaded.loads if load.table == table]
            refused = [load for load in loads if load.refused]
            counts = {
                name: sum(getattr(load, name) for load in loads) for name in ("rejected", "duplicate", "superseded")
            }
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "loads": len(loads),
                    "refused_loads": len(refused),
                    "rows_loaded": sum(load.rows for load in loads),
                    **counts,
                },
                check_results=[
                    dg.AssetCheckResult(
                        check_name=ARRIVALS_CHECK,
                        asset_key=key,
                        passed=not refused,
                        severity=dg.AssetCheckSeverity.ERROR,
                        metadata={
                            "judged": len(loads),
                            "refused": "; ".join(load.reason for load in refused) or "none",
                        },
                    )
                ],
            )

    return load_landed
