"""Stands before the real package; everything but ``county`` is real."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
