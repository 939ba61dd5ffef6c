"""Pages are measured by name, and a name that no page bears is not passed over."""

import pytest

from tools import lighthouse


def test_an_unknown_page_is_refused_by_name(monkeypatch):
    monkeypatch.setattr("sys.argv", ["lighthouse", "index", "book/glossary.html"])
    with pytest.raises(SystemExit, match=r"no such page: book/glossary\.html; the pages are index, pointwise"):
        lighthouse.main()
