"""KaTeX runs at build time, so that a page needs no script to show its formulas.

One node process turns formulas into HTML and MathML, a line of JSON in and a line out. Its KaTeX, and the
stylesheet and fonts of the pages, come from one npm package: tools/vendor.py lays them into vendor/katex.
"""

import json
import re
import subprocess
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from tools import vendor

logger = logging.getLogger(__name__)

SCRIPT = """
const katex = require(process.argv[1]);
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { latex, displayMode } = JSON.parse(line);
  let answer;
  try { answer = { html: katex.renderToString(latex, { displayMode, strict: "error" }) }; }
  catch (error) { answer = { error: error.message }; }
  console.log(JSON.stringify(answer));
});
"""


@cache
def typesetter(katex: Path) -> subprocess.Popen:
    """Start node with this KaTeX, once a build."""
    command = [vendor.find_node(), "-e", SCRIPT, str(katex)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf8")


def typeset(node: nodes.Element, katex: Path, *, display: bool) -> str:
    """Return the HTML of a formula, or warn where it stands and return its source."""
    process = typesetter(katex)
    process.stdin.write(json.dumps({"latex": node.astext(), "displayMode": display}) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline() or '{"error": "node ended early"}')
    if "error" in answer:
        logger.warning("KaTeX: %s", answer["error"], location=node, type="katex")
    html = answer.get("html", escape(node.astext()))
    # The source inside KaTeX's MathML would stand in search results, after the formula itself.
    return re.sub(r"<annotation.*?</annotation>", "", html, flags=re.DOTALL)


def katex_of(translator) -> Path:
    """Return the path of KaTeX's script."""
    return Path(translator.builder.srcdir, "vendor", "katex", "katex.min.js")


def write_inline(translator, node: nodes.math) -> None:
    """Write a formula in a line of text."""
    translator.body.append(typeset(node, katex_of(translator), display=False))
    raise nodes.SkipNode


def write_display(translator, node: nodes.math_block) -> None:
    """Write a formula in a line of its own, in a box that scrolls where it is too wide."""
    name = {"role": "group", "aria-label": "Formula", "tabindex": "0"}
    translator.body.append(translator.starttag(node, "div", "", CLASS="math", **name))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this formula")
        translator.body.append("</span>")
    translator.body.append(typeset(node, katex_of(translator), display=True) + "</div>\n")
    raise nodes.SkipNode


def fetch(app: Sphinx, config: Config) -> None:
    """See that node and KaTeX are there; the first time they are fetched."""
    vendor.main()


def add_sheet(app: Sphinx) -> None:
    """Let each page name KaTeX's stylesheet."""
    app.add_css_file("katex/katex.min.css")


def stop(app: Sphinx, exception: Exception | None) -> None:
    """Let node end."""
    if typesetter.cache_info().currsize:
        typesetter(Path(app.srcdir, "vendor", "katex", "katex.min.js")).communicate()
        typesetter.cache_clear()


def connect(app: Sphinx) -> None:
    """Become the renderer named ``katex`` in ``html_math_renderer``."""
    app.add_html_math_renderer("katex", (write_inline, None), (write_display, None))
    app.connect("config-inited", fetch)  # early: Sphinx looks soon whether vendor/ is there
    app.connect("builder-inited", add_sheet)
    app.connect("build-finished", stop)
