"""PDF files made by hand, as small as they can be."""

from __future__ import annotations

import io
from collections.abc import Sequence

from pypdf import PdfReader, PdfWriter

Line = str | tuple[str, float] | tuple[str, float, bool]
"""Text; size in points (11 when left out); bold."""

_TOP, _STEP = 760.0, 14.0


def pdf(*pages: Sequence[Line], title: str = "", modified: str = "", created: str = "") -> bytes:
    """A PDF of these lines, from the top of each page. A line of ``""`` leaves a gap."""
    fonts = "<< /Font << /F1 3 0 R /F2 4 0 R >> >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    kids = []
    for lines in pages:
        stream = _stream(lines)
        objects.append(f"<< /Length {len(stream.encode('latin-1'))} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {fonts} /Contents {len(objects)} 0 R >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    facts = f"/Title ({title})" if title else ""
    facts += f" /ModDate (D:{modified})" if modified else ""
    facts += f" /CreationDate (D:{created})" if created else ""
    objects.append(f"<< {facts} >>")
    return _file(objects)


def encrypted(data: bytes, password: str) -> bytes:
    """The same file behind a password; an empty one locks nothing for readers."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _stream(lines: Sequence[Line]) -> str:
    parts, height = [], _TOP
    for line in lines:
        text, size, bold = (line, 11.0, False) if isinstance(line, str) else (*line, False)[:3]
        height -= max(_STEP, size * 1.3)
        if text:
            plain = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
            parts.append(f"BT /F{2 if bold else 1} {size} Tf 72 {height:.1f} Td ({plain}) Tj ET")
    return "\n".join(parts)


def _file(objects: Sequence[str]) -> bytes:
    data = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    start = len(data)
    size = len(objects) + 1
    data += f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode()
    return (
        data
        + f"trailer\n<< /Size {size} /Root 1 0 R /Info {size - 1} 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    )
