"""The repository's top-level folders are subpackages of cafflite; everything else stands in pyproject.toml."""

from setuptools import setup

ROOMS = ("layers", "models", "proto", "solvers", "tools")

setup(
    packages=["cafflite", "cafflite.backend", "cafflite.pycaffe", *(f"cafflite.{room}" for room in ROOMS)],
    package_dir={f"cafflite.{room}": room for room in ROOMS},
    package_data={
        "cafflite": ["py.typed"],
        "cafflite.backend": ["*.cu"],
        "cafflite.models": ["*/*.md", "*/*.png", "*/*.prototxt", "*/*.py", "*/*.svg"],
        "cafflite.proto": ["*.binpb", "*.proto", "*.pyi"],
    },
)
