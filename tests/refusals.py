"""Bad input in tables, each row a test."""

import re

import pytest


def refusals(*rows):
    """Return a test for each row: (call, words), where a ``ValueError`` is due, or (call, words, kind of error)."""

    @pytest.mark.parametrize("row", rows, ids=[re.sub(r"\W+", " ", words) for _, words, *_ in rows])
    def test(row):
        call, words, error = (*row, ValueError)[:3]
        with pytest.raises(error, match=words):
            call()

    return test
