"""Keras on its backend: JAX, unless KERAS_BACKEND says otherwise."""

from __future__ import annotations

import os
from importlib.util import find_spec
from types import ModuleType

from tracetune.errors import Unavailable


def can_train() -> bool:
    """Whether Keras and its backend are installed; asks without importing either."""
    return find_spec("keras") is not None and find_spec(backend()) is not None


def backend() -> str:
    """The backend that Keras will run on."""
    return os.environ.get("KERAS_BACKEND", "jax")


def load_tensorflow() -> ModuleType:
    """TensorFlow; of its own notices only errors come to stderr, unless TF_CPP_MIN_LOG_LEVEL says otherwise.

    Raises:
        ImportError: where it is not installed.
    """
    _hush_tensorflow()
    import tensorflow  # noqa: PLC0415, ICN001 - 1.5 GB, and only where it is the backend

    found: ModuleType = tensorflow
    return found


def load_keras() -> ModuleType:
    """Keras on its backend.

    Raises:
        Unavailable: where it is not installed, with the command that installs it.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")
    _hush_tensorflow()
    try:
        import keras  # noqa: PLC0415 - takes seconds, and is an optional part
    except ImportError as error:
        raise Unavailable(
            f"the LSTM cannot be trained: {error}", hint="install it with: pip install 'tracetune[learn]'"
        ) from error
    found: ModuleType = keras
    return found


def _hush_tensorflow() -> None:
    """Its C++ part reads this when it is loaded, and tells everybody of CPU instructions before it does anything else."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
