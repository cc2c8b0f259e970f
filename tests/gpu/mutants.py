"""Plants a fault in every kernel of the GPU, one at a time, and says which test finds it. Needs no GPU:

    ../shared/cupy_on_cpu/run python tests/gpu/mutants.py              # all of them
    ../shared/cupy_on_cpu/run python tests/gpu/mutants.py dropout      # those of some kernels

Each runs in a copy of the package, on the emulated device with poisoned memory; those that reach beyond an array, with
the address sanitizer. The tests are those of the section that the kernel stands in: tests/backend/test_cupy_neuron.py
for `// ---- Neuron`. Exits with 1 where a fault goes unseen, or where a kernel has none.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path("cafflite/backend/kernels.cu")


class Mutant(NamedTuple):
    """
    where       a kernel, a function that kernels share, or a file of cafflite/backend that launches some
    text, fault what stands there once, and what is put in its place
    tests       pytest's -k, to be quick; all tests of the section where it is empty
    sanitized   whether only the address sanitizer can see it
    """

    where: str
    text: str
    fault: str
    tests: str = ""
    sanitized: bool = False


MUTANTS = [
    # what all kernels share
    Mutant("place", "blockIdx.x * THREADS", "blockIdx.x * (THREADS - 1)", "relu"),
    Mutant("sum_of_block", "threadIdx.x + half]", "threadIdx.x + half - 1]", "sums"),
    Mutant("sum_of_block", "half = THREADS / 2", "half = THREADS / 4", "sums"),
    Mutant("sum_of_block", "parts[0]", "parts[1]", "sums"),
    Mutant("sigmoid_of", "Real(0.5) * x", "x", "sigmoid"),
    # Neuron
    Mutant("relu", "i < count", "i <= count", "relu", sanitized=True),
    Mutant("relu", "slope * x[i]", "slope * x[0]", "relu"),
    Mutant("relu", "x[i] > 0", "x[i] >= 1", "relu"),
    Mutant("relu_backward", "i < count", "i <= count", "relu_backward", sanitized=True),
    Mutant("relu_backward", "x[i] > 0", "dy[i] > 0", "relu_backward"),
    Mutant("elu", "i < count", "i <= count", "elu", sanitized=True),
    Mutant("elu", "- 1)", ")", "elu"),
    Mutant("elu_backward", "i < count", "i <= count", "elu_backward", sanitized=True),
    Mutant("elu_backward", "y[i] + alpha", "x[i] + alpha", "elu_backward"),
    Mutant("tanh_backward", "i < count", "i <= count", "tanh_backward", sanitized=True),
    Mutant("tanh_backward", "y[i] * y[i]", "y[i]", "tanh_backward"),
    Mutant("sigmoid", "i < count", "i <= count", "sigmoid", sanitized=True),
    Mutant("sigmoid", "x[i]", "x[0]", "sigmoid"),
    Mutant("sigmoid_backward", "i < count", "i <= count", "sigmoid_backward", sanitized=True),
    Mutant("sigmoid_backward", "1 - y[i]", "1 - dy[i]", "sigmoid_backward"),
    Mutant("dropout", "i >= count", "i > count", "dropout", sanitized=True),
    Mutant("dropout", "(unsigned)i ^ first", "(unsigned)(i + 1) ^ first", "dropout"),
    Mutant("dropout", "bits >= limit", "bits < limit", "dropout"),
    Mutant("dropout", "* scale", "", "dropout"),
    Mutant("dropout", "0x31848BABu", "0x31848BADu", "dropout"),
    Mutant("cupy_neuron.py", "limit, scale, first, second, out", "limit, scale, second, first, out", "dropout"),
    Mutant("cupy_neuron.py", '"elu_backward", x.size', '"elu_backward", x.size - 1', "elu_backward"),
    # Softmax
    Mutant("max_of_lanes", "lanes / 2", "lanes / 4", "extremes or softmax"),
    Mutant("sum_of_lanes", "lanes / 2", "lanes / 4"),
    Mutant("start_of_row", "row % inner", "0"),
    Mutant("softmax", "place() >= count", "place() > count + 31", sanitized=True),
    Mutant("softmax", "largest = max_of_lanes(largest, lanes);", ""),
    Mutant("softmax", "- largest", ""),
    Mutant("softmax", "total += e", "total += 1"),
    Mutant("softmax_backward", "place() >= count", "place() > count + 31", "backward", sanitized=True),
    Mutant("softmax_backward", "- total", "", "backward"),
    Mutant("softmax_backward", "c = lane; c < classes; c += lanes) {", "c = lane; c + 1 < classes; c += lanes) {"),
    Mutant("label_losses", "p < least ? least : p", "p", "loss"),
    Mutant("label_losses", "p < least ? least : p", "max(p, least)", "loss"),
    Mutant("label_losses", "chosen < 0 || ", "", "no_class", sanitized=True),
    Mutant("label_losses", "chosen >= classes", "chosen > classes", "no_class", sanitized=True),
    Mutant("label_losses", "row < rows", "row <= rows", "loss", sanitized=True),
    Mutant("label_losses", "row += THREADS", "row += THREADS + 1", "loss"),
    Mutant("label_losses", "if (has_ignored && chosen == ignored) continue;", "", "loss", sanitized=True),
    Mutant("softmax_loss_backward", "i >= count", "i > count", "loss", sanitized=True),
    Mutant("softmax_loss_backward", "* inner + i % inner", "* inner", "loss"),
    Mutant("softmax_loss_backward", "part - scale[0]", "part - 1", "loss"),
    Mutant("softmax_loss_backward", "has_ignored && ", "", "loss"),
    Mutant("cupy_softmax.py", "label.astype(self.dtype, copy=False)\n", "label\n", "loss"),
    Mutant("cupy_softmax.py", "self.xp.empty(2, self.dtype)", 'self.xp.empty(2, "float64")', "loss"),
    # Channels
    Mutant("channel_affine", "i < count", "i <= count", "elements", sanitized=True),
    Mutant("channel_affine", "% channels", "% (channels + 1)", "elements or affine"),
    Mutant("channel_affine", "bias ?", "true ?", "affine", sanitized=True),
    Mutant("channel_normalize", "i < count", "i <= count", "elements", sanitized=True),
    Mutant("channel_normalize", "i / length", "i", "elements"),
    Mutant("prelu", "i < count", "i <= count", "elements", sanitized=True),
    Mutant("prelu", "slope[c]", "slope[0]", "elements"),
    Mutant("prelu_backward", "i < count", "i <= count", "elements", sanitized=True),
    Mutant("prelu_backward", "x[i] > 0", "dy[i] > 0", "elements"),
    Mutant("in_channel", "* channels + c", "* channels"),
    Mutant("in_channel", "j % length", "0"),
    Mutant("add_channel_sum", "j < each", "j <= each", "sums", sanitized=True),
    Mutant("add_channel_sum", "out[c] +=", "out[c] =", "sums"),
    Mutant("add_channel_dot", "j < each", "j + 1 < each", "sums"),
    Mutant("add_channel_dot", "b[i]", "a[i]", "sums"),
    Mutant("channel_moments", "Real center = sum_of_block(total) / each", "Real center = 0", "moments"),
    Mutant("channel_moments", "- center", "", "moments"),
    Mutant("channel_moments", "variance[c] = total / each", "variance[c] = total / (each - 1)", "moments"),
    Mutant("channel_normalize_backward", "- mean", "", "elements"),
    Mutant("channel_normalize_backward", "y[i] * along", "along", "elements"),
    Mutant("cupy_channels.py", "x.shape[0] * x.shape[2]", "x.shape[0] * x.shape[1]"),
    # Ops
    Mutant("add_to_rows", "i >= count", "i > count", "rows_of_a_table", sanitized=True),
    Mutant("add_to_rows", "n > 0 && ", "", "rows_of_a_table", sanitized=True),
    Mutant("add_to_rows", "n < number && ", "", "rows_of_a_table", sanitized=True),
    Mutant("add_to_rows", "|| (n > 0 && index[n - 1] == v)", "", "rows_of_a_table"),
    Mutant("add_to_rows", "v < 0 || ", "", "no_row", sanitized=True),
    Mutant("add_to_rows", "v >= height", "v > height", "no_row", sanitized=True),
    Mutant("add_to_rows", "rows[order[n] * width", "rows[n * width", "rows_of_a_table"),
    Mutant("cupy_ops.py", "index[order]", "index", "rows_of_a_table"),
    Mutant("cupy_ops.py", "multiply(a, b, out, add=True)", "multiply(a, b, out)", "products"),
    # Spatial
    Mutant("along", "rest /= size", "rest /= size + 1", "columns"),
    Mutant("im2col", "rest >= count", "rest > count", "columns", sanitized=True),
    Mutant("im2col", "at >= 0 && ", "", "columns"),
    Mutant("im2col", "at < w.size[a]", "at <= w.size[a]", "columns"),
    Mutant("im2col", "- w.pad[a]", "", "columns"),
    Mutant("im2col", "tap[a] * w.dilation[a]", "tap[a]", "columns"),
    Mutant("im2col", "image_step + row", "tap_step + row", "columns"),
    Mutant("col2im", "rest >= count", "rest > count", "columns", sanitized=True),
    Mutant("col2im", "begin >= 0 && ", "", "columns"),
    Mutant("col2im", "begin % w.stride[a] == 0 && ", "", "columns"),
    Mutant("col2im", "position < w.positions[a]", "position <= w.positions[a]", "columns", sanitized=True),
    Mutant("col2im", "rest / channels * image_step", "0", "columns"),
    Mutant("seen", "max(begin, 0)", "begin", "pool", sanitized=True),
    Mutant("seen", "w.kernel[axis], w.size[axis])};", "w.kernel[axis], w.size[axis] + 1)};", "pool", sanitized=True),
    Mutant("seen", "w.size[axis] + w.pad[axis]", "w.size[axis]", "average"),
    Mutant("seeing", "behind < 0 ? 0 : behind / w.stride[axis] + 1", "behind / w.stride[axis]", "average"),
    Mutant("seeing", "/ w.stride[axis] + 1, w.positions", "/ w.stride[axis] + 2, w.positions", "average"),
    Mutant("seeing", "min((at + w.pad[axis]) / w.stride[axis] + 1, w.positions[axis])",
           "(at + w.pad[axis]) / w.stride[axis] + 1", "pool", sanitized=True),
    Mutant("pool_size", "window, 2, w, true", "window, 2, w, false", "average"),
    Mutant("max_pool", "plane >= count", "plane > count", "max_pool", sanitized=True),
    Mutant("max_pool", "> best", ">= best", "max_pool"),
    Mutant("max_pool", "h * window.size[2] + w", "h * window.size[1] + w", "max_pool"),
    Mutant("max_pool", "best = lowest", "best = 0", "max"),
    Mutant("max_pool_backward", "plane >= count", "plane > count", "max_pool", sanitized=True),
    Mutant("max_pool_backward", "if (mask[o] == h * window.size[2] + w)", "", "max_pool"),
    Mutant("average_pool", "plane >= count", "plane > count", "average", sanitized=True),
    Mutant("average_pool", "/ pool_size(window, oh, ow)", "/ (window.kernel[1] * window.kernel[2])", "average"),
    Mutant("average_pool_backward", "plane >= count", "plane > count", "average", sanitized=True),
    Mutant("average_pool_backward", "plane * window.positions[1]", "plane * window.positions[2]", "average"),
    Mutant("stochastic_pool", "plane >= count", "plane > count", "stochastic", sanitized=True),
    Mutant("stochastic_pool", "running >= share", "running > share", "stochastic"),
    Mutant("stochastic_pool", "running += found", "running = found", "stochastic"),
    Mutant("sum_of_neighbours", "+ near.reach[axis] + 1", "+ near.reach[axis]", "lrn"),
    Mutant("sum_of_neighbours", "max(at - near.reach[axis], 0)", "at - near.reach[axis]", "lrn", sanitized=True),
    Mutant("sum_of_neighbours", "value * value : value", "value * value : value * value", "lrn"),
    Mutant("lrn_scale", "i < count", "i <= count", "lrn", sanitized=True),
    Mutant("lrn_scale", "k +", "", "lrn"),
    Mutant("lrn", "i < count", "i <= count", "lrn", sanitized=True),
    Mutant("lrn", "-beta", "beta", "lrn"),
    Mutant("lrn_backward", "i >= count", "i > count", "lrn", sanitized=True),
    Mutant("lrn_backward", "weight * x[i]", "x[i]", "lrn"),
    Mutant("lrn_backward", "near, ratio", "near, out_diff", "lrn"),
    Mutant("uniform", "i >= count", "i > count", "uniform", sanitized=True),
    Mutant("uniform", "/ 8 + 1", "/ 8", "uniform"),
    Mutant("uniform", "round < 10", "round < 9", "uniform"),
    Mutant("uniform", "half % 2 * 32", "0", "uniform"),
    Mutant("cupy_spatial.py", "seed >> 64", "0", "uniform"),
    Mutant("cupy_spatial.py", "size // 2 if axis", "size if axis", "lrn"),
    Mutant("cupy_spatial.py", "self.xp.empty(count, self.dtype)", 'self.xp.empty(count, "float64")', "lrn"),
    Mutant("cupy_convolution.py", "return len(images) * self.length, self.length",
           "return self.length, self.length", "convolution"),
    Mutant("cupy_convolution.py", "n + most, self.images)", "n + most, self.images - 1)", "convolution"),
    # Recurrent
    Mutant("kept", "next[stream]", "next[0]"),
    Mutant("lstm_unit", "i >= count", "i > count", "lstm_unit", sanitized=True),
    Mutant("lstm_unit", "offset_rows == 1 ? 0 : n * 4 * h", "0", "offset"),
    Mutant("lstm_unit", "cont[n] * before[i]", "before[i]", "lstm"),
    Mutant("lstm_unit", "width - h + j", "width - h", "lstm"),
    Mutant("lstm_unit_backward", "i >= count", "i > count", "lstm_unit", sanitized=True),
    Mutant("lstm_unit_backward", "top_diff ? top_diff[i] : Real(0)", "Real(0)", "lstm"),
    Mutant("lstm_unit_backward", "out[k] < -threshold ? -threshold : out[k]", "out[k]", "limit"),
    Mutant("lstm_unit_backward", "cont[n] * forget * d", "forget * d", "lstm"),
    Mutant("rnn_step", "i >= count", "i > count", "rnn", sanitized=True),
    Mutant("rnn_step", "offset_rows == 1 ? 0 : n * h", "0", "offset"),
    Mutant("rnn_step", "kept(next, n) * hidden[i]", "hidden[i]", "rnn"),
    Mutant("rnn_step_backward", "i < count", "i <= count", "rnn", sanitized=True),
    Mutant("rnn_step_backward", "next, i / h", "next, 0", "rnn"),
    Mutant("gru_step", "i >= count", "i > count", "gru", sanitized=True),
    Mutant("gru_step", "offset_rows == 1 ? 0 : n * 3 * h", "0", "offset"),
    Mutant("gru_step", "+ bias[j]", "", "gru"),
    Mutant("gru_step", "(1 - update) * fresh", "update * fresh", "gru"),
    Mutant("gru_step_backward", "i >= count", "i > count", "gru", sanitized=True),
    Mutant("gru_step_backward", "d_fresh * reset", "d_fresh", "gru"),
    Mutant("gru_step_backward", "dh[i] = d * update", "dh[i] = d", "gru"),
    Mutant("cupy_recurrent.py", "cont[t + 1] if", "cont[t] if"),
    Mutant("cupy_recurrent.py", "out=dh, add=True", "out=dh", "gru"),
    Mutant("cupy_gemm.py", "one if add else zero", "one"),
    # Update
    Mutant("gradient", "factor[0] * scale", "scale", "stays"),
    Mutant("gradient", "l2 * w", "l2", "a_rule"),
    Mutant("gradient", "(w > 0) - (w < 0)", "(w > 0)", "a_rule"),
    Mutant("subtract", "data[i] -= update", "data[i] += update", "a_rule"),
    Mutant("sgd", "i >= count", "i > count", "a_rule and sgd", sanitized=True),
    Mutant("sgd", "rate * gradient", "gradient", "a_rule and sgd"),
    Mutant("nesterov", "i >= count", "i > count", "a_rule and nesterov", sanitized=True),
    Mutant("nesterov", "(1 + momentum)", "momentum", "a_rule and nesterov"),
    Mutant("adagrad", "i >= count", "i > count", "a_rule and adagrad", sanitized=True),
    Mutant("adagrad", "g * g", "g", "a_rule and adagrad"),
    Mutant("rmsprop", "i >= count", "i > count", "a_rule and rmsprop", sanitized=True),
    Mutant("rmsprop", "(1 - decay)", "decay", "a_rule and rmsprop"),
    Mutant("adadelta", "i >= count", "i > count", "a_rule and adadelta", sanitized=True),
    Mutant("adadelta", "u * u", "u", "a_rule and adadelta"),
    Mutant("adadelta", "gradients[i] + delta", "updates[i] + delta", "a_rule and adadelta"),
    Mutant("adam", "i >= count", "i > count", "a_rule and adam", sanitized=True),
    Mutant("adam", "(1 - beta2)", "(1 - beta1)", "a_rule and adam"),
    Mutant("squares", "i < size", "i <= size", "clipping", sanitized=True),
    Mutant("squares", "blocks * THREADS", "THREADS", "clipping"),
    Mutant("clipping", "i < blocks", "i <= blocks", "clipping", sanitized=True),
    Mutant("clipping", "most / norm", "norm / most", "clipping"),
    Mutant("cupy_update.py", "self.xp.empty(BLOCKS, self.dtype)", 'self.xp.empty(BLOCKS, "float64")', "clipping"),
]  # fmt: skip


FUNCTION = r'^(?:extern "C" __global__|static __device__) \w+ {}\('


def sections(source: str) -> dict[str, str]:
    """The section, in lower case, of each kernel and each function."""
    found, section = {}, "*"
    for line in source.splitlines():
        if heading := re.match(r"// ---- (\w+)", line):
            section = heading[1].lower()
        if function := re.match(FUNCTION.format(r"(\w+)"), line):
            found[function[1]] = section
    return found


def planted(source: str, mutant: Mutant) -> str:
    """The source with the fault; of a CUDA source, within the kernel."""
    body = source
    if not mutant.where.endswith(".py"):
        body = re.search(rf"{FUNCTION.format(mutant.where)}(?:[^\n]*}}$|.*?^}}$)", source, re.MULTILINE | re.DOTALL)[0]
    assert body.count(mutant.text) == 1, f"{mutant.where} has {body.count(mutant.text)} times: {mutant.text}"
    return source.replace(body, body.replace(mutant.text, mutant.fault))


def plant(mutant: Mutant, section: str, folder: Path) -> None:
    """Make of `folder` a checkout with the fault. Of the CUDA source it has only the section, which compiles sooner."""
    for part in ("tests", "pyproject.toml"):
        Path(folder, part).symlink_to(ROOT / part)
    Path(folder, "cafflite").mkdir()
    for part in ROOT.glob("cafflite/*"):
        if part.name != "backend":
            Path(folder, "cafflite", part.name).symlink_to(part)
    backend = folder / SOURCE.parent
    shutil.copytree(ROOT / SOURCE.parent, backend, ignore=shutil.ignore_patterns("*.nb?"))
    path = backend / (mutant.where if mutant.where.endswith(".py") else SOURCE.name)
    path.write_text(planted(path.read_text(), mutant))
    start, *parts = re.split("^(?=// ---- )", Path(folder, SOURCE).read_text(), flags=re.MULTILINE)
    kept = [part for part in parts if section == "*" or part.lower().startswith(f"// ---- {section}")]
    Path(folder, SOURCE).write_text("".join([start, *(kept or parts)]))


def finder(mutant: Mutant) -> str | None:
    """The test that finds the mutant."""
    section = sections((ROOT / SOURCE).read_text()).get(mutant.where) or mutant.where.removesuffix(".py")[5:]
    options = {"CUPY_ON_CPU_SANITIZE": "address"} if mutant.sanitized else {"CUPY_ON_CPU_POISON": "1"}
    options["PYTHONUNBUFFERED"] = "1"  # the sanitizer ends the process, and the test's name has to be out by then
    with tempfile.TemporaryDirectory() as folder:
        plant(mutant, section, Path(folder))
        tests = Path(folder, "tests/backend")
        files = list(tests.glob(f"test_cupy_{section}.py")) or list(tests.glob("test_cupy_*.py"))
        run = Path(os.environ["CUPY_ON_CPU_HOME"], "run")  # again, as the sanitizer has to come first in the process
        pytest = [run, sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*pytest, "-vx", "-m", "gpu", "-k", mutant.tests, *map(str, files)],
            cwd=folder, env=os.environ | options, capture_output=True, text=True,
        )  # fmt: skip
    ran = re.findall(r"^\S*tests/\S+::(.+?)(?: (PASSED|FAILED|SKIPPED).*| *)$", done.stdout, re.MULTILINE)
    assert ran and "SKIPPED" not in [result for _, result in ran], f"{mutant}: no test has run\n{done.stdout}"
    return None if done.returncode == 0 else ran[-1][0]


def main(names: list[str]) -> int:
    kernels = sections((ROOT / SOURCE).read_text())
    bare = kernels.keys() - {mutant.where for mutant in MUTANTS}
    chosen = [mutant for mutant in MUTANTS if not names or mutant.where in names]
    whole = {kernels[mutant.where]: mutant.where for mutant in chosen if kernels.get(mutant.where, "*") != "*"}
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ways = [Mutant(name, f" {name}(", f" {name}(", "", way) for name in whole.values() for way in (False, True)]
        for test in pool.map(finder, ways):
            assert test is None, f"without a fault, {test} fails"
        for mutant, test in zip(chosen, pool.map(finder, chosen), strict=True):
            survivors += test is None
            fault = f"{mutant.text} -> {mutant.fault or 'nothing'}"
            print(f"{mutant.where:24} {fault:60} {test or 'NOT FOUND'}", flush=True)
    print(f"{len(chosen)} faults, {survivors} not found; {len(kernels)} kernels, without a fault: {sorted(bare) or 0}")
    return int(survivors > 0 or bool(bare))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
