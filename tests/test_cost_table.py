import pytest
import torch
from torch import nn

from companion import cost
from companion.cost import Cost


def test_costs_add_up_field_by_field_and_read_as_a_sentence():
    a = Cost(weights=1, biases=2, affine=3, macs=4, bytes_read=5, bytes_written=6)
    double = Cost(weights=2, biases=4, affine=6, macs=8, bytes_read=10, bytes_written=12)
    assert a + a == sum([a, a]) == double
    assert (a.parameters, a.bytes, a.intensity) == (6, 11, 8 / 11)
    assert a + Cost() == a
    with pytest.raises(TypeError, match="unsupported operand"):
        a + 1
    with pytest.raises(TypeError, match="unsupported operand"):
        1 + a
    text = str(cost.conv2d(256, 64, 1, size=28, bias=False))
    assert text == "16,384 parameters (16,384 weights), 12,845,056 MACs, 1,069,056 bytes, 24.0 FLOPs per byte"


@pytest.fixture
def table():
    layers = [nn.Conv2d(8, 4, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 3), nn.Flatten()]
    return cost.count(nn.Sequential(*layers), (1, 8, 4, 4))


def test_rows_are_found_by_name_and_by_position_and_say_whether_they_are_pointwise(table):
    assert [row.name for row in table] == ["0", "1", "2", "3", "4"]
    assert len(table) == 5
    assert table["3"] is table[3] is table[-2]
    assert table["3"].output_shape == (1, 2, 2, 2)
    with pytest.raises(KeyError, match="no layer is named 'conv1'"):
        table["conv1"]
    assert table.total == sum(table)
    assert [row.is_pointwise for row in table] == [True, False, False, False, False]
    assert not cost.count(nn.MaxPool2d(1), (1, 1, 2, 2))[0].is_pointwise


def test_shares_are_parts_of_a_total(table):
    pointwise, conv = 16 * 32, 4 * 72
    assert table.share(lambda row: row.is_pointwise) == pointwise / (pointwise + conv)
    assert table.share("Conv2d") == 1
    assert table.share("Linear") == 0
    assert table.share("BatchNorm2d", quantity="parameters") == 8 / (32 + 8 + 74)
    shares = [table.share(kind, quantity="bytes") for kind in ("Conv2d", "BatchNorm2d", "ReLU")]
    assert sum(shares) == pytest.approx(1)
    with pytest.raises(ValueError, match=r"quantity must be one of weights, .*, got 'intensity'"):
        table.share("Conv2d", quantity="intensity")
    with pytest.raises(TypeError, match="which must be a kind of layer or a function, got int"):
        table.share(3)
    with pytest.raises(ValueError, match="got 'macs', of which it has 0"):
        cost.count(nn.ReLU(), (1, 3)).share("ReLU")


def test_a_table_prints_as_text(table):
    assert repr(table) == str(table)
    assert str(table).splitlines() == [
        "Sequential, input (1, 8, 4, 4)",
        "",
        "layer  kind         output        weights  biases  affine  MACs  bytes read  bytes written  FLOPs/byte",
        "-----  -----------  ------------  -------  ------  ------  ----  ----------  -------------  ----------",
        "0      Conv2d       (1, 4, 4, 4)       32       0       0   512         640            256         1.1",
        "1      BatchNorm2d  (1, 4, 4, 4)        0       0       8     0         288            256         0.0",
        "2      ReLU         (1, 4, 4, 4)        0       0       0     0         256            256         0.0",
        "3      Conv2d       (1, 2, 2, 2)       72       2       0   288         552             32         1.0",
        "4      Flatten      (1, 8)              0       0       0     0           0              0         0.0",
        "-----  -----------  ------------  -------  ------  ------  ----  ----------  -------------  ----------",
        "total                                 104       2       8   800       1,736            800         0.6",
    ]


def test_a_table_names_repeated_and_uncalled_layers_and_the_module_itself():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))
            self.relu, self.unused = nn.ReLU(), nn.Linear(1, 1)

        def forward(self, x):
            return self.scale * self.relu(self.relu(x))

    lines = str(cost.count(Odd(), (1, 2))).splitlines()[4:7]
    assert [line.split("  ")[0] for line in lines] == ["(itself)", "relu ×2", "unused"]
    assert "not called" in lines[2]
