"""Publish: do exactly what a plan says, read it back, keep a receipt."""
