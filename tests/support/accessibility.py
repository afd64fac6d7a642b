"""Asks axe-core what it finds wrong with the page as it is now."""

from __future__ import annotations

from importlib.resources import files

from playwright.sync_api import Page

_COUNTED = ("serious", "critical")
_RUN = """
async () => {
  // What still fades in has colours that nobody reads.
  const passing = document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime !== Infinity);
  await Promise.allSettled(passing.map((a) => a.finished));
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((v) => [v.impact, v.id, v.help, v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160))]);
}
"""


def serious_findings(page: Page) -> list[str]:
    """Serious and critical findings in words; empty when there are none."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    return [
        f"{what}: {words} {places}"
        for impact, what, words, places in page.evaluate(_RUN)
        if impact in _COUNTED
    ]
