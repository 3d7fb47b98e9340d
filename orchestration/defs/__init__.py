"""Dagster's view of the pipeline, one module per kind of asset. Thin: what a step does is in
`orchestration/pipeline.py`.
"""
