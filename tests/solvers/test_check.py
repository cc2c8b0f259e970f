"""What `check_solver` finds in a solver, in the files that it names, and in its nets."""

from pathlib import Path

import pytest

from cafflite.solvers.check import check_solver

GOLDEN = Path(__file__).parent.parent / "golden"
NET = """layer { name: "data" type: "Input" top: "x" top: "y" input_param { shape { dim: 2 dim: 3 } shape { dim: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param { num_output: 5 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "y" top: "loss" }
"""
SOLVER = 'net: "net.prototxt"\nbase_lr: 0.1\nlr_policy: "fixed"\nmax_iter: 10\n'


@pytest.fixture
def check(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def check(solver: str, net: str = NET) -> list[str]:
        Path("net.prototxt").write_text(net)
        Path("solver.prototxt").write_text(solver)
        return [finding.text for finding in check_solver("solver.prototxt")]

    return check


def test_a_solver_that_is_right(check):
    assert check(SOLVER) == []


def test_settings_that_cannot_be(check):
    solver = SOLVER.replace('"fixed"', '"stp"') + (
        'type: "Adam"\nmomentum: 2\nregularization_type: "L3"\nweight_decay: 0.1\nsnapshot: 5\n'
        'snapshot_prefix: "no/x"\nmax_itr: 3\ndisplay: often\n'
    )
    assert check(solver) == [
        "solver.prototxt:3: lr_policy is 'stp', expected one of fixed, step, exp, inv, multistep, poly, sigmoid",
        "solver.prototxt:6: momentum is 2, expected 0 or more and less than 1",
        "solver.prototxt:7: regularization_type is 'L3', expected one of L1, L2",
        "solver.prototxt:10: snapshot_prefix is 'no/x', but no folder 'no' can be written to: make it",
        "solver.prototxt:11:1: unknown field 'max_itr' in SolverParameter; did you mean 'max_iter'?",
        "solver.prototxt:12:10: expected an integer for 'display', found 'often'",
    ]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('type: "Adem"', "5: type is 'Adem', expected one of AdaDelta, AdaGrad, Adam, Nesterov, RMSProp, SGD; "
                         "did you mean 'Adam'?"),
        ('type: "SGD"\nsolver_type: ADAM', ' the solver has both type: "SGD" and the old solver_type: ADAM; '
                                           "remove one"),
        ('train_net: "net.prototxt"', " the training net is given by net and train_net, "
                                      "expected one of net, net_param, train_net, train_net_param"),
        ("test_iter: 3", " test_interval is 0, but with test nets it has to be above 0"),
        ("average_loss: 0", "5: average_loss is 0, expected 1 or more"),
    ],
)  # fmt: skip
def test_one_mistake(check, more, expected):
    assert check(SOLVER + more) == [f"solver.prototxt:{expected}"]


def test_files_that_are_not_there(check):
    solver = 'train_net: "no.prototxt"\ntest_net: "none.prototxt"\nweights: "a.caffemodel, b.caffemodel"\n'
    solver += 'lr_policy: "fixed"\ntest_iter: 1\ntest_interval: 1\n'
    Path("b.caffemodel").touch()
    assert check(solver) == [
        "solver.prototxt:1: train_net is 'no.prototxt', and there is no such file",
        "solver.prototxt:2: test_net is 'none.prototxt', and there is no such file",
        "solver.prototxt:3: weights is 'a.caffemodel', and there is no such file",
    ]


def test_files_beside_the_solver(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("job").mkdir()
    Path("job/net.prototxt").write_text(NET)
    Path("job/solver.prototxt").write_text(SOLVER)
    assert check_solver("job/solver.prototxt") == []


def test_mistakes_of_a_net_are_told_once(check):
    net = NET.replace("num_output", "num_outptu") + 'layer { name: "x" type: "Silenc" bottom: "ip" }'
    found = check(SOLVER + "test_iter: 1\ntest_interval: 1\n", net)
    assert found[:2] == [
        "net.prototxt:2:85: unknown field 'num_outptu' in InnerProductParameter; did you mean 'num_output'?",
        "net.prototxt:4: layer 'x' (Silenc): unknown layer type 'Silenc'; did you mean 'Silence'?",
    ]
    assert all(": note: " in line for line in found[2:])


def test_mistakes_of_a_state_name_the_net(check):
    net = NET + 'layer { name: "s" type: "Silence" bottom: "z" include { stage: "deep" } }\n'
    solver = SOLVER + "test_iter: [1, 1]\ntest_interval: 1\ntest_state { }\ntest_state { stage: 'deep' }\n"
    assert check(solver, net) == [
        "net.prototxt:4: layer 's' (Silence): unknown bottom blob 'z': no layer before it makes it (in test net #1)"
    ]


def test_nets_inside_the_solver(check):
    net = NET.replace('bottom: "y"', 'bottom: "y" bottom: "z"')
    assert check(f'lr_policy: "fixed"\nnet_param {{\n{net}}}\n') == [
        "solver.prototxt:5: layer 'loss' (SoftmaxWithLoss): unknown bottom blob 'z': no layer before it makes it"
    ]


def test_a_text_that_breaks_off(check):
    assert check("base_lr: 0.1 }") == ["solver.prototxt:1:14: expected a field, found '}'; no brace is open here"]


@pytest.mark.parametrize("group", ["cli", "solver"])
def test_solvers_of_the_original_are_right(group, monkeypatch):
    for path in GOLDEN.glob(f"{group}/*/solver.prototxt"):
        monkeypatch.chdir(path.parent)
        assert check_solver("solver.prototxt") == []
