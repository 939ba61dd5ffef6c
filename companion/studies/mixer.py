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
    return [
        Study(
            name="mixer-digits-500",
            pictures=f"500 {DIGITS.words}",
            variants={
                "both": partial(mixer, 24, 48),
                "channels only": partial(mixer, None, 64),
                "tokens only": partial(mixer, 96, None),
            },
            split=DIGITS.draws(500),
            input_size=(1, 1, 8, 8),
            questions=(Question("both", "channels only", margin=1.0), Question("both", "tokens only", margin=1.0)),
            epochs=20,
            batch_size=50,
        )
    ]
