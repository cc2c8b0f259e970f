"""kernels.cu goes through NVIDIA's own compiler, which needs no GPU: g++, of the emulated device, lets more pass."""

import ctypes
import importlib.util
from pathlib import Path

import pytest

from cafflite.backend import cupy_kernels

KERNELS = [  # Turing, Ampere, Hopper, Blackwell
    ("sm_75", "float32", False),
    ("sm_80", "float32", False),
    ("sm_90", "float64", True),
    ("sm_120", "float32", False),
]


@pytest.fixture(scope="module")
def nvrtc() -> ctypes.CDLL:
    """The compiler's library, from its wheel."""
    package = importlib.util.find_spec("nvidia")
    folders = list(package.submodule_search_locations or []) if package else []
    libraries = [path for folder in folders for path in sorted(Path(folder).rglob("libnvrtc*.so.*"))]
    plain = [path for path in libraries if ".alt." not in path.name]  # a second build of the compiler
    if len(plain) < 2:
        pytest.skip("needs NVIDIA's compiler: pip install nvidia-cuda-nvrtc")
    builtins, compiler = plain  # the compiler opens the other one by name, so that has to be there first
    ctypes.CDLL(str(builtins), ctypes.RTLD_GLOBAL)
    return ctypes.CDLL(str(compiler))


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "dtype", "wide"), KERNELS)
def test_kernels_compile(nvrtc, architecture, dtype, wide):
    options = [f"--gpu-architecture={architecture}", "--std=c++17", *cupy_kernels.options(dtype, wide)]
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    source = cupy_kernels.source().encode()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"kernels.cu", 0, None, None) == 0
    words = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    failed = nvrtc.nvrtcCompileProgram(program, len(options), words)
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    assert not failed and "warning" not in log.value.decode(), log.value.decode()
    assert nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size)) == 0
    assert size.value > 0
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
