"""The zero convolution and the controlled block: what begins at zero, what stays locked, what learns."""

import torch
from torch import nn

from companion import beyond
from tests.refusals import refusals


def test_a_zero_convolution_begins_at_zero_and_learns():
    layer, x = beyond.ZeroConv(3, 4), torch.randn(2, 3, 5, 6, requires_grad=True)
    assert layer.kernel_size == (1, 1)
    grad_y = torch.randn(2, 4, 5, 6)
    y = layer(x)
    y.backward(grad_y)
    assert torch.equal(y, torch.zeros(2, 4, 5, 6))
    assert torch.equal(x.grad, torch.zeros_like(x))
    torch.testing.assert_close(layer.weight.grad[:, :, 0, 0], torch.einsum("nohw,nchw->oc", grad_y, x))
    torch.testing.assert_close(layer.bias.grad, grad_y.sum(dim=(0, 2, 3)))


def control(connect=beyond.ZeroConv):
    torch.manual_seed(0)
    block = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU())
    nn.init.uniform_(block[1].running_var, 0.5, 2)
    return block, beyond.Controlled(block, 3, 5, 2, connect=connect)


def picture_and_hint():
    return torch.randn(2, 3, 6, 4), torch.randn(2, 2, 6, 4)


def test_a_controlled_block_is_equation_2():
    block, controlled = control(lambda i, o: nn.Conv2d(i, o, 1))
    nn.init.normal_(controlled.copy[0].weight)
    x, hint = picture_and_hint()
    controlled.eval()
    inner = controlled.copy(x + controlled.enter(hint))
    torch.testing.assert_close(controlled(x, hint), block(x) + controlled.leave(inner))
    assert (controlled.enter.in_channels, controlled.enter.out_channels) == (2, 3)
    assert (controlled.leave.in_channels, controlled.leave.out_channels) == (5, 5)


def test_a_controlled_block_begins_as_the_locked_one_to_the_last_bit():
    block, controlled = control()
    x, hint = picture_and_hint()
    assert torch.equal(controlled.train()(x, hint), block(x))


def test_the_locked_block_never_changes_and_the_copy_does():
    block, controlled = control()
    before = {name: value.clone() for name, value in block.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in controlled.parameters() if p.requires_grad], lr=0.1)
    controlled.train()
    assert not block.training
    assert controlled.copy.training
    reached = []
    for _ in range(2):
        optimizer.zero_grad()
        controlled(*picture_and_hint()).square().sum().backward()
        parts = (controlled.leave, controlled.copy[0], controlled.enter)
        reached.append([bool(part.weight.grad.any()) for part in parts])
        optimizer.step()
    assert reached == [[True, False, False], [True, True, True]]
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())
    assert not torch.equal(controlled.copy[0].weight, block[0].weight)


def test_the_copy_of_a_locked_block_can_learn():
    locked = nn.Conv2d(3, 3, 1).requires_grad_(False)
    controlled = beyond.Controlled(locked, 3, 3, 1)
    assert [p.requires_grad for p in controlled.copy.parameters()] == [True, True]
    assert not any(p.requires_grad for p in locked.parameters())


def called(x_shape, hint_shape):
    return control()[1](torch.zeros(x_shape), torch.zeros(hint_shape))


def called_when_traced(x_shape, hint_shape):
    return torch.fx.symbolic_trace(control()[1])(torch.zeros(x_shape), torch.zeros(hint_shape))


test_bad_input_is_named = refusals(
    (lambda: beyond.ZeroConv(2, 3, False), "takes 3 positional arguments", TypeError),
    (lambda: called_when_traced((2, 1, 4, 4), (2, 2, 4, 4)), "x must have in_channels = 3 channels, got 1"),
    (lambda: called((3, 4, 4), (2, 4, 4)), r"x must have shape \(N, C, H, W\)"),
    (lambda: called((2, 3, 4, 4), (2, 4, 4)), r"hint must have shape \(N, C, H, W\)"),
    (lambda: called((2, 1, 4, 4), (2, 2, 4, 4)), "x must have in_channels = 3 channels, got 1"),
    (lambda: called((2, 3, 4, 4), (1, 2, 4, 4)), r"hint must have shape \(2, C, 4, 4\), as x, got"),
    (lambda: called((2, 3, 4, 4), (2, 2, 1, 4)), r"hint must have shape \(2, C, 4, 4\), as x, got"),
    (lambda: called((2, 3, 4, 4), (2, 2, 4, 1)), r"hint must have shape \(2, C, 4, 4\), as x, got"),
)
