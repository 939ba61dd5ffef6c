"""Record how often a small network stalls at the loss of a guess: ``python -m benchmarks.stall``.

Ten seeds of each start in `companion.network_in_network.STARTS`, 2,000 steps each; some five minutes on one core.
Writes ``results/stall.json``: one row for each run.
"""

import json
from pathlib import Path

from tqdm import tqdm

from companion import timing
from companion.network_in_network import STARTS, Trace, watch_stalling
from companion.network_in_network._stall import PICTURES
from tools.files import replace

PATH = Path(__file__).resolve().parent / "results" / "stall.json"
SEEDS, STEPS, EVERY = range(10), 2_000, 20


def row(name: str, seed: int, trace: Trace) -> dict:
    """Return what is recorded of a run; ``zero_at`` is the first step with a gradient of exactly zero, or None."""
    zeros = [step for step, gradient in enumerate(trace.gradients) if gradient == 0]
    return {
        "start": name,
        "seed": seed,
        "third_loss": round(trace.losses[2], 6),
        "zero_at": zeros[0] if zeros else None,
        "first_gradient": float(f"{trace.gradients[0]:.2e}"),
        "last_gradient": float(f"{trace.gradients[-1]:.2e}"),
        "last_dead": round(trace.dead[-1], 3),
        "last_loss": round(trace.losses[-1], 4),
        "losses": [round(loss, 3) for loss in trace.losses[::EVERY]],
    }


def main() -> None:
    """Train all of them and write the file after each start."""
    about = {"steps": STEPS, "every": EVERY, "pictures": PICTURES, "machine": timing.machine()}
    rows = []
    for name, start in tqdm(STARTS.items()):
        traces = watch_stalling(start, SEEDS, STEPS)
        rows += [json.dumps(row(name, seed, trace)) for seed, trace in zip(SEEDS, traces, strict=True)]
        lines = ",\n  ".join(rows)
        replace(PATH, f'{{"about": {json.dumps(about)},\n "runs": [\n  {lines}\n ]}}\n')


if __name__ == "__main__":
    main()
