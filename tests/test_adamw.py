"""The optimiser: the steps of torch's own, to the bit."""

import torch
from torch import nn

from companion._adamw import AdamW


def test_a_step_is_that_of_the_optimiser_of_torch():
    def train(step_with):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4), nn.Linear(4, 1))
        model[0].to(memory_format=torch.channels_last)
        step = step_with(model)
        for i in range(6):
            model[4].requires_grad_(i > 2)  # from then on only, with its own count of steps
            model(torch.randn(5, 2, 4, 4)).square().mean().backward()
            step(0.1 / (i + 1))
        return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])

    def ours(model):
        optimizer = AdamW(model.parameters(), weight_decay=0.2)

        def step(lr):
            optimizer.step(lr)
            optimizer.zero_grad()

        return step

    def of_torch(model):
        optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.2, fused=True)

        def step(lr):
            optimizer.param_groups[0]["lr"] = lr
            optimizer.step()
            optimizer.zero_grad()

        return step

    assert torch.equal(train(ours), train(of_torch))
