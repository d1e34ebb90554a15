"""LibreOffice's side of its UNO bridge, for the scripts that the system's Python runs (it alone has
``uno``)."""

from __future__ import annotations

import time

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException

FILTERS = {
    ".xlsx": "Calc MS Excel 2007 XML",
    ".xls": "MS Excel 97",
    ".ods": "calc8",
    ".csv": "Text - txt - csv (StarCalc)",
    ".pdf": "calc_pdf_Export",
    ".docx": "MS Word 2007 XML",
}
"""The filter that writes a kind of file."""


def prop(name, value):
    """One of the named values that LibreOffice takes for options."""
    found = PropertyValue()
    found.Name, found.Value = name, value
    return found


def desktop(pipe):
    """The office that listens on a pipe, as soon as it does."""
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    until = time.monotonic() + 90
    while True:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            return context.ServiceManager.createInstanceWithContext(
                "com.sun.star.frame.Desktop", context
            )
        except NoConnectException:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
