"""The published numbers of self-hosted serving say on which basis they stand."""

from __future__ import annotations

import re

import yaml

from orchestration.settings import PROJECT_DIR

MODELS = PROJECT_DIR / "models" / "marts" / "unit_economics" / "_self_hosted_serving__models.yml"
# of a basis's rates and of its break-even: what they are made of
BASES = {"allocation": "fully_loaded_cost|input_cost|output_cost", "usage": "productive_cost|usage_input_cost|usage_output_cost"}  # fmt: skip


def test_g15_every_rate_names_its_basis_and_is_made_of_it():
    [model] = yaml.safe_load(MODELS.read_text())["models"]
    rates = {
        c["name"]: c["description"] for c in model["columns"] if re.search("_per_(request|million_tokens)$", c["name"])
    }
    own = {name: said for name, said in rates.items() if not name.startswith("api_")}
    assert len(own) == 8
    for name, said in own.items():
        basis = name.split("_")[0]
        assert re.match(rf"({BASES[basis]}) (/|per) ", said), name
        # a blended rate is what an API's price would be held against
        if basis == "usage" and re.search("_cost_per_", name) and not re.search("input|output", name):
            assert "Not for build-versus-buy (G15)" in said, name
