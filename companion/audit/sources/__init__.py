"""The sources: for each, ``NAME.toml`` with what it prints and ``NAME.py`` with what its layers say."""
