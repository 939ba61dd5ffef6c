"""MLP-Mixer with both of its halves, with channels alone, and with tokens alone, all of the same weights."""

from functools import partial

from companion import beyond
from companion.studies._study import Question, Study
from companion.studies._trunk import DIGITS


def mixer(token_hidden: int | None, channel_hidden: int | None) -> beyond.Mixer:
    """Return two blocks over the 16 patches of a digit, 24 features each: (N, 1, 8, 8) -> (N, 10).

    Args:
        token_hidden: hidden units of the token MLP; None leaves it out.
        channel_hidden: the same of the channel MLP.
    """
    return beyond.Mixer(1, 8, 2, 24, 2, token_hidden, channel_hidden, num_classes=10)


def studies() -> list[Study]:
    """Return the study of the chapter."""
    hidden = {"both": (24, 48), "channels only": (None, 64), "tokens only": (96, None)}
    variants = {name: partial(mixer, *units) for name, units in hidden.items()}
    questions = [Question("both", name, margin=1.0) for name in ("channels only", "tokens only")]
    return [DIGITS.study("mixer", 500, variants, questions, epochs=20, batch_size=50)]
