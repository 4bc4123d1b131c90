"""The lines that a new format and a new dataset add to tables: a plugin of pytest."""


def pytest_configure() -> None:
    """Before tests are collected; imported here, after the checks of shapes are in place."""
    from segue.data.catalog import LAYOUTS
    from segue.results.formats.catalog import FORMATS, FormatEntry
    from segue.synthetic.catalog import WRITERS, Writer

    FORMATS["toy"] = FormatEntry("fakes.toy_format:COUNTS", "pixels of each frame, as text")
    LAYOUTS["toy"] = "fakes.toy_layout:TOYS"
    WRITERS["toy"] = Writer("fakes.toy_writer:write", "objects", (120, 214))
