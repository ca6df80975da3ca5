"""Formats that only an office suite reads: legacy DOC, RTF, ODT, XLS. LibreOffice turns them into DOCX or XLSX."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from graph.errors import UnreadableDocument
from graph.model import ReadDocument, SourceFile
from graph.reading.docx import read_docx
from graph.reading.sheet import read_xlsx

TIMEOUT_S = 120


def read_converted(path: Path, source: SourceFile, what: str, target: str = "docx") -> ReadDocument:
    """what: the format in words, for the message. target: "docx" or "xlsx"."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise UnreadableDocument(
            str(path), f"{what} is read through LibreOffice, which is not installed here",
            "install LibreOffice, or save the document as DOCX or PDF",
        )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="inspectgraph-") as folder:
        # LibreOffice goes by the ending, and a name of ours cannot be taken for an option
        copy = Path(folder) / f"source{path.suffix.lower() or '.doc'}"
        shutil.copyfile(path, copy)
        command = [
            office, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore", "--nolockcheck",
            "--convert-to", target, "--outdir", f"{folder}/out", str(copy),
        ]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)
        except (subprocess.SubprocessError, OSError) as err:
            raise UnreadableDocument(str(path), f"LibreOffice could not read {what}", "save it as DOCX or PDF") from err
        converted = Path(folder) / "out" / f"source.{target}"
        if not converted.is_file():
            raise UnreadableDocument(str(path), f"LibreOffice could not read {what}", "save it as DOCX or PDF")
        return read_xlsx(converted, source) if target == "xlsx" else read_docx(converted, source)
