"""Stands before the real package on the path: ``steps`` and ``house`` are doubles, everything else is real."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
