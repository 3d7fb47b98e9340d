"""Which models are published, and how, read from dbt's manifest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedModel:
    """A model that readers get.

    Attributes:
        schema: Schema in the build file and in the published file.
        name: Relation.
        kind: `table`, `view` or `parquet` (a folder of day-partitioned Parquet with a view over it).
        replace_by: Date column by which dirty days or months are replaced, of Parquet the one that its folders are named for; None where the
            table is replaced whole.
        view_sql: Query of a view, without the name of the build file.
        inputs: `schema.name` of each published model that a view reads.
        unshipped: Models that a view reads and that are not published; such a view stays in the build file.
        history: Name, key and values of the table of its earlier states (history.py); None where none is kept.
    """

    schema: str
    name: str
    kind: str
    replace_by: str | None = None
    view_sql: str = ""
    inputs: tuple[str, ...] = ()
    unshipped: tuple[str, ...] = ()
    history: dict | None = None

    @property
    def relation(self) -> str:
        """Name as SQL reads it."""
        return f'"{self.schema}"."{self.name}"'


_PUBLISHED_LAYERS = ("focus/", "marts/")
_KINDS = {"table": "table", "incremental": "table", "view": "view", "parquet_days": "parquet"}


def published_models(manifest: dict) -> list[PublishedModel]:
    """All models of the layers that readers get: tables and Parquet first, then views in an order in which each finds its
    inputs. A view over what stays here (the bills before their union) stays, too.
    """
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    marts = {key: node for key, node in nodes.items() if node["path"].startswith(_PUBLISHED_LAYERS)}
    models: dict[str, PublishedModel] = {}
    for key, node in marts.items():
        kind = _KINDS[node["config"]["materialized"]]
        inputs = [name for name in node["depends_on"]["nodes"] if name in marts]
        unshipped = [name.rsplit(".", 1)[-1] for name in node["depends_on"]["nodes"] if name not in marts]
        models[key] = PublishedModel(
            schema=node["schema"],
            name=node["alias"],
            kind=kind,
            replace_by=node["config"].get("meta", {}).get("replace_by") if kind in ("table", "parquet") else None,
            view_sql=(node.get("compiled_code") or "").replace(f'"{node["database"]}".', "") if kind == "view" else "",
            inputs=tuple(f"{marts[name]['schema']}.{marts[name]['alias']}" for name in inputs)
            if kind == "view"
            else (),
            unshipped=tuple(unshipped) if kind == "view" else (),
            history=node["config"].get("meta", {}).get("history") if kind == "table" else None,
        )
    ordered = sorted(
        (model for model in models.values() if model.kind != "view"), key=lambda model: (model.schema, model.name)
    )
    waiting = sorted(
        (model for model in models.values() if model.kind == "view" and not model.unshipped),
        key=lambda model: (model.schema, model.name),
    )
    shipped = {f"{model.schema}.{model.name}" for model in ordered}
    while waiting:
        ready = [model for model in waiting if set(model.inputs) <= shipped]
        if not ready:
            break
        ordered.extend(ready)
        shipped.update(f"{model.schema}.{model.name}" for model in ready)
        waiting = [model for model in waiting if model not in ready]
    return ordered
