"""Reading what is published, by code that may be newer than it."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.publishing import versions
from orchestration.reading import OtherMartsError, published_marts
from orchestration.settings import Settings


def ask(settings: Settings, query: str) -> list[tuple]:
    """Rows of a query on what is published."""
    with published_marts(settings) as connection:
        return connection.execute(query).fetchall()


def test_a_version_of_other_code_is_named_with_what_to_do(tmp_path):
    settings = Settings.from_env(tmp_path)
    version = settings.published / "versions" / "20261001T000000-older"
    version.mkdir(parents=True)
    (version / versions.MANIFEST).write_text("{}")
    with duckdb.connect(str(version / versions.MARTS)) as connection:
        connection.execute("create table spend as select 1 as cost")
    (settings.published / "current").symlink_to(version.relative_to(settings.published))
    assert ask(settings, "select cost from spend") == [(1,)]
    for query in ("select cost from budget", "select price from spend"):
        with pytest.raises(OtherMartsError, match=r"20261001T000000-older.*ai-finops run"):
            ask(settings, query)
