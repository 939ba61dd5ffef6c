import numpy as np
import pytest
import torch

from companion import exercises


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        *((answer, answer) for answer in (3, True, "depthwise", 1 + 2j, torch.ones(2, 3), torch.ones(3) * 1j)),
        (0.1 + 0.2, 0.3),
        ([1, 2], (1, 2)),
        ([torch.zeros(1), 5], [torch.zeros(1), 5]),
        (100_000.5, 100_000),
        (1e6 * torch.ones(3) * (1 + 1e-6), 1e6 * torch.ones(3)),
        (1e-12, 0),
        (torch.tensor(3.0), 3),
        (3, torch.tensor(3.0)),
        (np.float32(0.1), 0.1),
        (np.array(3), 3),
        (torch.tensor(True), True),
        (np.True_, True),
        (np.str_("depthwise"), "depthwise"),
        (torch.ones(3, requires_grad=True), torch.ones(3)),
        ((np.int64(7), torch.tensor(7)), (7, 7)),
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
        (object, 3, "<class 'object'> is not it"),
        (1e-4, 0, "0.0001 is not it"),
        (2e-6, 1e-6, "2e-06 is not it"),
        (1e6 * torch.ones(3) * (1 + 1e-4), 1e6 * torch.ones(3), "this tensor is not it"),
        (torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 2.0, 4.0]), "this tensor is not it"),
        (float("nan"), 3, "nan is not it"),
        (float("inf"), 3, "inf is not it"),
        (3, float("inf"), "3 is not it"),
        (10**400, 3, "this int is not it"),
        (torch.tensor(4), 3, "Not yet: 4 is not it"),
        (torch.tensor([3.0, 4.0]), 3, "this tensor is not it"),
        (np.array([3.0, 4.0]), 3, "array([3., 4.]) is not it"),
        (np.ones(3), torch.ones(3), "a tensor is wanted, not ndarray"),
        (torch.tensor(1), True, "1 is not it"),
        (np.True_, 1, "True is not it"),
        (1 + 0j, 1, "(1+0j) is not it"),
        (1, 1 + 0j, "1 is not it"),
        (torch.ones(3) + 0j, torch.ones(3), "this tensor is not it"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(capsys, answer, wanted, words):
    exercises.check(answer, wanted)
    out = capsys.readouterr().out
    assert out.startswith("Not yet: ")
    assert words in out


@pytest.mark.parametrize("answer", [..., None, (1, ...), [None, torch.ones(2)]])
@pytest.mark.parametrize("wanted", [3, lambda answer: answer > 3])
def test_no_answer_is_no_error(capsys, answer, wanted):
    exercises.check(answer, wanted)
    assert capsys.readouterr().out == "No answer yet: put yours in place of the dots.\n"


def test_a_function_may_judge_the_answer(capsys):
    def is_last(n):
        return n * n < 50 <= (n + 1) ** 2

    for answer in (7, 8, torch.tensor(7)):
        exercises.check(answer, is_last)
    exercises.check([torch.ones(9), torch.zeros(9)], lambda pair: torch.equal(*pair))
    words = ["Right.", "Not yet: 8 is not it.", "Right.", "Not yet: this list is not it."]
    assert capsys.readouterr().out.splitlines() == words
    with pytest.raises(TypeError, match="wanted must return a truth value, got NoneType"):
        exercises.check(7, print)


def test_the_tolerance_is_a_share_of_the_wanted_number(capsys):
    exercises.check(110, 100, tolerance=0.1)
    exercises.check(112, 100, tolerance=0.1)
    assert capsys.readouterr().out == "Right.\nNot yet: 112 is not it.\n"
    with pytest.raises(TypeError, match=r"wanted must be a number, .* got dict"):
        exercises.check(3, {"a": 3})


def test_where_an_answer_cannot_be_judged_the_reason_is_said(capsys):
    exercises.check(3, lambda answer: 1 / 0, unless="there is no compiler here")
    exercises.check(..., 3, unless="there is no compiler here")
    exercises.check(3, 3, unless=None)
    lines = ["Not checked: there is no compiler here.", "No answer yet: put yours in place of the dots.", "Right."]
    assert capsys.readouterr().out.splitlines() == lines
