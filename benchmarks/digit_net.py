"""Record the weights of a small NIN for digits: ``python -m benchmarks.digit_net``.

Trains ``companion.network_in_network.voting`` once, as its chapter does; some ten seconds on one core. Writes
``results/digit_net.json``: the weights without normalisations, in half precision, and their accuracy.
"""

import json
from pathlib import Path

from benchmarks._record import RESULTS
from companion import data, timing, training
from companion._state import alone
from companion.network_in_network._voting import packed, unpacked, voting
from companion.studies.heads import moved_accuracy
from tools.files import replace

PATH = RESULTS / "digit_net.json"
SETTINGS = {"epochs": 6, "lr": 0.015, "batch_size": 64, "seed": 0}


def reached(record: dict) -> dict[str, float]:
    """Return the accuracy in percent of recorded weights: on the test pictures, and with these moved by a pixel."""
    net, split = unpacked(record), data.digits()
    found = {"test": training.evaluate(net, split.test_x, split.test_y), "moved": moved_accuracy(net, split)}
    return {name: round(value, 3) for name, value in found.items()}


def main(path: Path = PATH) -> None:
    """Train the network and write the file."""
    split = data.digits()
    with alone(SETTINGS["seed"]):
        net = voting()
        training.fit(net, split, **SETTINGS)
    record = packed(net)
    pictures = {"pictures": "handwritten digits of 8 × 8", "train": len(split.train_y), "test": len(split.test_y)}
    about = {**pictures, **SETTINGS, "machine": timing.machine()}
    rows = {"about": about, "accuracy": reached(record), **record}
    lines = ",\n ".join(
        f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in rows.items()
    )
    replace(path, f"{{{lines}}}\n")


if __name__ == "__main__":
    main()
