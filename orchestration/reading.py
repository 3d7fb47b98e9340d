"""Open what is published, read-only, the way any BI tool would."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import duckdb

from orchestration.publishing import versions
from orchestration.settings import Settings


class NothingPublishedError(RuntimeError):
    """There is no published version yet."""


class OtherMartsError(NothingPublishedError):
    """What is published was built by other code and lacks what is read here."""


@contextlib.contextmanager
def published_marts(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the current version's marts.

    Raises:
        NothingPublishedError: Before the first publication.
        OtherMartsError: If a table or column that is asked for is not in it.
    """
    version = versions.current_version(settings.published)
    if version is None:
        raise NothingPublishedError(f"nothing is published in {settings.home} yet; start with: ai-finops run")
    with contextlib.closing(duckdb.connect(str(version / versions.MARTS), read_only=True)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        try:
            yield connection
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise OtherMartsError(
                f"{version.name} was published by other code than this ({error.args[0].splitlines()[0]}); publish"
                " with this one: ai-finops run"
            ) from error
