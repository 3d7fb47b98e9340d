"""Great Expectations, imported in half the time.

It imports scipy.stats and altair for checks and charts that nobody here asks for, and Python's collector of garbage passes over all
that an import has made, again and again. Whoever imports Great Expectations takes it from here.
"""

from __future__ import annotations

import gc
import importlib
import sys
from types import ModuleType


def import_when_used(name: str) -> None:
    """Put a stand-in in a module's place, which imports it as soon as one of its names is asked for.

    Changes nothing where the module has been imported.

    Args:
        name: Full name of a module.
    """
    if name in sys.modules:
        return
    stand_in = ModuleType(name)

    def attribute(wanted: str) -> object:
        if wanted.startswith("__"):  # asked by the import system itself
            raise AttributeError(wanted)
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return getattr(importlib.import_module(name), wanted)

    stand_in.__getattr__ = attribute
    sys.modules[name] = stand_in


gc.disable()
import_when_used("scipy.stats")
import_when_used("altair")

import great_expectations as gx  # noqa: E402
import great_expectations.expectations as gxe  # noqa: E402
from great_expectations.core.run_identifier import RunIdentifier  # noqa: E402

gc.freeze()
gc.enable()

__all__ = ["RunIdentifier", "gx", "gxe", "import_when_used"]
