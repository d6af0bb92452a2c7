"""Keeping: what may go from the state folder by rule, and its copy elsewhere."""
