"""The error types of cafflite. Every mistake in a user's file ends as one of these, in one sentence."""


class CaffliteError(Exception):
    """Base of all errors of this library.

    The message starts with the place of the mistake where one is known:
    ``text_gen.prototxt:41: layer 'ip1' (InnerProduct): ...``.
    """

    def at(self, place: str) -> "CaffliteError":
        """The same error with `place` in front of its message, unless an inner place is there already."""
        if not getattr(self, "place", ""):
            self.place = place
            self.args = (f"{place}: {self.args[0]}", *self.args[1:]) if self.args else (place,)
        return self


class PrototxtError(CaffliteError, ValueError, RuntimeError):
    """A prototxt file that cannot be read, or that says something its schema does not know."""


class NetError(CaffliteError, ValueError, RuntimeError):
    """A net that cannot be built: unknown blobs, layers or parameters that do not fit together."""


class ShapeError(NetError):
    """Blobs whose shapes do not fit a layer."""


class UnknownNameError(NetError, KeyError):
    """A name that a net has no blob, layer or parameters under."""

    __str__ = Exception.__str__  # KeyError's would put the sentence in quotes


class UnknownTopError(UnknownNameError, AttributeError):
    """An attribute, or item, of a NetSpec that no top was given to."""


class CoordinateError(NetError, AssertionError):
    """Tops whose coordinates are unrelated (pycaffe's RuntimeError), or not croppable (its AssertionError)."""


class UndefinedMapException(CoordinateError):
    """A layer whose tops' coordinates are not an affine map of its bottoms'."""


class AxisMismatchException(CoordinateError):
    """Two maps of coordinates that begin at different axes."""


class DataError(CaffliteError, ValueError):
    """Input data that is missing, damaged, or not what the layer can take."""


class FileError(CaffliteError, OSError):
    """A file that cannot be written."""


class WeightsError(CaffliteError, ValueError, RuntimeError):
    """A caffemodel or solverstate that cannot be read, or does not fit the net."""


class SolverError(CaffliteError, ValueError):
    """A solver whose settings contradict each other or name something unknown."""


class BackendError(CaffliteError, RuntimeError):
    """A device or a package that is asked for and not usable here."""


class DeviceError(BackendError):
    """A GPU that is asked for and not usable here."""


class UsageError(CaffliteError):
    """A command line that cannot be understood."""
