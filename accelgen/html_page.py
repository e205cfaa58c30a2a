"""Pages of one file: style, program and data within it, and a policy that allows no other and no request."""

from __future__ import annotations

import base64
import hashlib
import html

from accelgen.templates import fill, read


def html_page(title: str, style: str, body: str, script: str | None = None) -> str:
    """A page in the look that all share.

    Args:
        title: any text.
        style: template file of the page's own style, which follows the shared one.
        body: HTML.
        script: the program that stands in ``body`` as one script element; no program is allowed without.
    """
    whole = read("page.css") + read(style)
    return fill(
        "page.html",
        title=html.escape(title),
        style=whole,
        style_source=_source(whole),
        script_source="'none'" if script is None else _source(script),
        body=body,
    )


def _source(text: str) -> str:
    """A script or style as a content security policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
