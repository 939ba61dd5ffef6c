"""What holds of every widget in a notebook."""

import pytest

from tests.widgets import EXAMPLES


@pytest.mark.parametrize("widget", EXAMPLES, ids=lambda widget: widget.element)
def test_a_notebook_gets_text_and_html(widget):
    bundle = widget._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == widget.summary
    assert bundle["text/html"].startswith(f"<{widget.element} data-settings=")
    assert bundle["text/html"].endswith(f"{widget.fallback}</{widget.element}><script>{widget.script}</script>")
    assert "</script" not in widget.script
    assert "http" not in widget.html, "nothing is asked of another host"
    assert "import(" not in widget.script
