"""Zip files that are the same to the byte whenever their content is, and whole or not there."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from segue.evaluation.packing.interface import Member
from segue.files import replacing

_FIRST_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_PLAIN_FILE = 0o100644 << 16
_PACKED_ALREADY = ".png"


def write_archive(path: Path, members: Iterable[Member]) -> None:
    """Write members sorted by name, without dates or folders of their own, one in memory at a time.

    Raises:
        WriteError: Disk full, read-only or missing folder; an older archive is untouched.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for member in sorted(members, key=lambda member: member.name):
            record = zipfile.ZipInfo(member.name, _FIRST_DATE)
            record.create_system = _UNIX
            record.external_attr = _PLAIN_FILE
            packed = member.name.endswith(_PACKED_ALREADY)
            record.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.writestr(record, member.read())
