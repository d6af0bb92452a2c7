"""Vidkryto publishes department exports as open data on a CKAN portal, with evidence."""

__version__ = "0.1.0"
