"""How Sphinx builds these pages: `make docs`. Every warning is an error."""

import re
import sys
from pathlib import Path
from textwrap import indent

from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Punctuation, String, Whitespace
from sphinx.application import Sphinx

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

import generate  # noqa: E402  # found through the path

project = "cafflite"
copyright = "the cafflite authors"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns: list[str] = []
html_theme = "furo"
html_title = "cafflite"
html_copy_source = False
nitpicky = True
default_role = "literal"
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"


class Prototxt(RegexLexer):
    """The colours of a prototxt."""

    name = "prototxt"
    aliases = ["prototxt"]
    tokens = {
        "root": [
            (r"\s+", Whitespace),
            (r"#.*", Comment),
            (r'"(?:[^"\\\n]|\\.)*"', String),
            (r"-?\.?\d[\w.+-]*", Number),
            (r"\w+(?=\s*[:{])", Name.Attribute),
            (r"\w+", Keyword.Constant),
            (r"[^\w\s]", Punctuation),
        ]
    }


def as_rst(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Docstrings are plain text: their tables are shown as they stand there."""
    text = []
    for is_prose, part in generate.paragraphs("\n".join(lines)):
        if is_prose:
            text += [re.sub(r"[*|]", r"\\\g<0>", part), ""]
        else:
            text += ["::", "", indent(part, "   "), ""]
    lines[:] = "\n".join(text).splitlines()


def setup(app: Sphinx) -> None:
    generate.write(DOCS / "reference")
    app.add_lexer("prototxt", Prototxt)
    app.connect("autodoc-process-docstring", as_rst)
