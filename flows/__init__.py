"""Flows: thin Prefect wrappers around the pipeline; no logic of their own."""
