"""Opens a notebook instance's presigned URL in Chromium and runs cells of a notebook by hand.

    open_notebook.py CHROMIUM URL NOTEBOOK PICTURE WORDS...

For each of WORDS, the cell that has those words is clicked on and run with Shift+Enter. PICTURE
gets a screenshot of the last one. Standard output gets a JSON list of what the cells printed, and
what the browser complained of.
"""

from __future__ import annotations

import json
import re
import sys

from playwright.sync_api import Page, expect, sync_playwright

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_PATIENCE = 120_000  # milliseconds


def run_cell(page: Page, words: str) -> str:
    """Runs the cell that has those words; returns what it printed."""
    cell = (
        page.locator(".jp-CodeCell").filter(has=page.locator(".cm-content", has_text=words)).first
    )
    prompt = cell.locator(".jp-InputPrompt")
    while prompt.inner_text().strip() == "[ ]:":  # a page that still builds itself takes no keys
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(2000)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=_PATIENCE)
    outputs = cell.locator(".jp-OutputArea-output")
    return "\n".join(outputs.all_inner_texts())


def main(chromium: str, url: str, notebook: str, picture: str, *cells: str) -> None:
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1180, "height": 760})
        page.set_default_timeout(_PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        expect(page).to_have_url(re.compile(r"^http://127\.0\.0\.1:\d+/lab"))
        page.locator(".jp-DirListing-item", has_text=notebook).dblclick()
        ready = page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        expect(ready.first).to_be_visible(timeout=_PATIENCE)
        page.locator(".lm-TabBar-tab", has_text="Launcher").locator(
            ".lm-TabBar-tabCloseIcon"
        ).click()
        printed = [run_cell(page, words) for words in cells]
        last = page.locator(".jp-CodeCell").filter(has_text=cells[-1]).first
        last.evaluate("cell => cell.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(1000)  # the view settles
        page.screenshot(path=picture)
        browser.close()
    print(json.dumps({"printed": printed, "complaints": complaints}))


if __name__ == "__main__":
    main(*sys.argv[1:])
