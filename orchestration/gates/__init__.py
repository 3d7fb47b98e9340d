"""Gates: what arrived (Great Expectations, before a load is committed) and what may be published (by name, trusting no
orchestrator).
"""
