"""Numbers in prose: which of them have no cell behind them.

A number that a chapter states is filled in from a cell (see ``tools.notebooks``), or stands in `code`, and then in
the code or the outputs of the chapter too. Names and places may hold digits: 1×1, ResNet-50, section 3.1, 2014.
Claims are quoted in blockquotes and may say what they like.
"""

import re

from tools.notebooks import MARK

CODE = re.compile(r"`([^`]+)`")
NOT_A_STATEMENT = [
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^>.*$",  # a claim, quoted
        r"(?s:\$\$.*?\$\$)|\$[^$]+\$",  # a formula
        r"\]\([^)]*\)",  # where a link goes
        r'"[^"]*"|“[^”]*”',  # somebody's words
        r"\b3×TF32\b",  # a precision
        r"\d+(?:\s?[×x]\s?\d+)+",  # a size: 3×3, 28 × 28
        r"\b[vV]\d+\.\d+\b",  # a version: ResNet v1.5
        r"\b[A-Za-z]+[-.]?\d[\w-]*",  # a name: ResNet-50, A3, BT.601
        r"\b\d[a-z]\b",  # a module of GoogLeNet: 3a
        r"\b(?:[Ss]ections?|[Tt]ables?|[Ff]igures?|arXiv) \d+(?:\.\d+)*(?: (?:and|to) \d+(?:\.\d+)*)*",
        r"(?:\b(?:in|of|January|April|May|June)\s|\()(?:19\d\d|20[0-3]\d)\b",  # a year
        r"^\*\*\d+\.",  # the number of an exercise
        r"\bCC BY \d\.\d",
    )
]


def unbacked_numbers(text: str, evidence: str) -> list[str]:
    """Return the numbers of a text that no cell stands behind.

    Args:
        text: the source of a Markdown cell.
        evidence: the sources and the text outputs of the code cells of the notebook.

    >>> unbacked_numbers("A 3×3 layer of ResNet-50 has 36,864<!--=weights:,--> weights, 9 times more.", "")
    ['9']
    >>> unbacked_numbers("From `64` channels to `32`.", "Conv2d(64, 10)")
    ['32']
    """
    text = MARK.sub("", text)
    missing = [
        number
        for code in CODE.findall(text)
        for number in re.findall(r"\d[\d,.]*\d|\d", code)
        if not re.search(rf"(?<![\d.,]){re.escape(number.replace(',', ''))}(?!\d)", evidence)
    ]
    text = CODE.sub("", text)
    for pattern in NOT_A_STATEMENT:
        text = pattern.sub("", text)
    return missing + re.findall(r"\d[\d,.]*\d|\d", text)
