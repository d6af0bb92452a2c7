"""The catalogue: contracts of datasets and departments, checked without touching any portal."""
