import pytest
import torch

from companion import exercises


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (3, 3),
        (0.1 + 0.2, 0.3),
        (True, True),
        ("depthwise", "depthwise"),
        ([1, 2], (1, 2)),
        (torch.ones(2, 3), torch.ones(2, 3)),
        ([torch.zeros(1), 5], [torch.zeros(1), 5]),
    ],
)
def test_a_right_answer_is_called_right(capsys, answer, wanted):
    exercises.check(answer, wanted)
    assert capsys.readouterr().out == "Right.\n"


@pytest.mark.parametrize(
    ("answer", "wanted", "words"),
    [
        (4, 3, "4 is not it"),
        (1, True, "1 is not it"),
        (True, 1, "True is not it"),
        ("3", 3, "'3' is not it"),
        ([1], [1, 2], r"[1] is not it"),
        (3, torch.ones(3), "a tensor is wanted, not int"),
        (torch.ones(3), torch.ones(3, 1), "the shape is (3,), not (3, 1)"),
        (torch.ones(3), torch.zeros(3), "this tensor is not it"),
        (object, 3, "is not it"),
    ],
)
def test_a_wrong_answer_hears_what_is_wrong(capsys, answer, wanted, words):
    exercises.check(answer, wanted)
    out = capsys.readouterr().out
    assert out.startswith("Not yet: ")
    assert words in out


@pytest.mark.parametrize("answer", [..., None])
def test_no_answer_is_no_error(capsys, answer):
    exercises.check(answer, 3)
    assert capsys.readouterr().out.startswith("No answer yet")
