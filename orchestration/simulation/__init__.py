"""The demo company: a seeded world that writes what its vendors would deliver, and what is true (see
docs/simulation.md).

Nothing here imports the rest of the project, and nothing in the project imports the truth.
"""

from .world import AS_OF, World, simulate

__all__ = ["AS_OF", "World", "simulate"]
