"""A stand-in for the part of Solr that CKAN uses: real CKAN, unchanged, asks it over HTTP as it would ask Solr.

The rooms, in the order a request passes them:
`server` (HTTP) → `protocol` (requests and responses) → `language` (queries) → `matching` (documents and scores)
→ `answer` (sorting, paging, facets); `index` keeps the documents (SQLite, and words in memory), `analysis` makes words
of text, `schema` says what each field is, `values` reads dates and numbers.
"""
