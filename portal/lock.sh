#!/bin/sh
# Write requirements.lock anew: hashed, for every Python of requires-python, without any address.
# psycopg2 is an sdist that needs a compiler; psycopg2-binary of the same version takes its place, so its block is
# dropped here and the lock is installed with `pip install --no-deps`.
set -eu
cd "$(dirname "$0")"
"${UV:-uv}" pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.lock "$@"
awk '/^[a-z0-9]/ { keep = ($0 !~ /^psycopg2==/) } keep' requirements.lock > requirements.lock.new
mv requirements.lock.new requirements.lock
"${UV:-uv}" pip compile tests/requirements.in --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate --quiet --output-file tests/requirements.lock "$@"
