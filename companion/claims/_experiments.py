"""The small training that the ledger runs itself, once per process; the others are recorded studies."""

from functools import cache

from companion import data, squeeze_excitation, studies, training


@cache
def gate_spread() -> float:
    """Train a network with sigmoid gates from five seeds (A9c).

    Returns:
        The standard deviation over the test pictures of the gate that varies most, as a mean over the seeds.
    """
    split = data.digits(train_size=300)
    variant = {"gate": studies.STUDIES["gate-digits-300"].variants["gate"]}
    runs = training.compare(variant, split, epochs=12, batch_size=32, keep_models=True, progress=False)
    spreads = [
        max(g.std(dim=0).max().item() for g in squeeze_excitation.gates_of(net, split.test_x).values())
        for net in runs.models("gate")
    ]
    return sum(spreads) / len(spreads)
