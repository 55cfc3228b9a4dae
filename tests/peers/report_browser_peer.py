#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The HTML report in a real browser: nothing asked of the network, nothing wider than the screen,
no error, every section there, values read by mouse and keyboard, hostile strings inert.
With REPORT_PICTURES=FOLDER the pictures are kept for a person to look at."""

import os
import shutil
import subprocess
import sys
import tempfile

from browser import Browser

PROGRAM = os.environ["ARRAYBENCH"]
TESTS = os.path.join(os.path.dirname(PROGRAM), "..", "tests", "golden")
SECTIONS = ["answer", "percentiles", "load", "time", "faults", "audit", "integrity", "egress",
            "differences", "evidence", "words"]
SIZES = [(1440, 900), (390, 844)]
NOISE = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")


def check_silence(browser, path):
    for event in browser.events:
        assert event["method"] not in NOISE, event
        if event["method"] == "Network.requestWillBeSent":
            assert event["params"]["request"]["url"] == "file://" + path, event


def check_width(browser, width):
    wide = browser.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"the page is {wide} px wide on a screen of {width} px"
    # What sticks out of its place although the page hides it: not inside something that scrolls.
    out = browser.evaluate("""
      Array.from(document.querySelectorAll("main *")).filter(function (e) {
        var box = e.getBoundingClientRect();
        return box.width > 0 && box.right > innerWidth + 1 &&
          !e.closest(".scroll, pre, svg, .sr, nav");
      }).slice(0, 3).map(function (e) { return e.outerHTML.slice(0, 120); })""")
    assert not out, out


def check_text_size(browser):
    small = browser.evaluate("""
      Array.from(document.querySelectorAll("main svg.chart text")).filter(function (e) {
        var box = e.getBoundingClientRect();
        return box.height > 0 && box.height < 9;
      }).length""")
    assert small == 0, f"{small} labels of drawings are too small to read"


VISIBLE = "Array.from(document.querySelectorAll('svg.chart')).filter(e => e.clientWidth > 0)"


def check_readings(browser, least):
    count = browser.evaluate(VISIBLE + ".length")
    assert count >= least, count
    for i in range(count):
        box = browser.evaluate(f"""(function () {{
          var svg = {VISIBLE}[{i}];
          svg.scrollIntoView({{block: "center", behavior: "instant"}});
          var box = svg.getBoundingClientRect();
          return {{x: box.left + box.width * 0.55, y: box.top + box.height * 0.5}};
        }})()""")
        browser.move_to(box["x"], box["y"])
        tip = browser.evaluate(f"""(function () {{
          var tip = {VISIBLE}[{i}].parentNode.querySelector(".tip");
          var box = tip.getBoundingClientRect();
          return tip.hidden ? "" : box.right <= innerWidth + 1 && box.left >= -1 ?
            tip.textContent : "outside: " + box.left + " to " + box.right;
        }})()""")
        assert any(c.isdigit() for c in tip) and not tip.startswith("outside"), (i, tip)
    first = browser.evaluate(VISIBLE + "[0].focus(); ''")
    before = browser.evaluate("document.activeElement.closest('figure').querySelector('output').value")
    for key in ("ArrowLeft", "ArrowRight"):  # The pointer may have left it at either end.
        browser.press(key)
        after = browser.evaluate("document.activeElement.closest('figure').querySelector('output').value")
        if after != before:
            break
    assert after and after != before, (first, before, after)
    browser.press("Escape")
    assert browser.evaluate(VISIBLE + "[0].parentNode.querySelector('.tip').hidden")


def check_choice_and_theme(browser):
    chosen = browser.evaluate("""(function () {
      var group = document.querySelector(".panels");
      var select = group.querySelector("select");
      select.selectedIndex = select.selectedIndex === 0 ? 1 : 0;
      select.dispatchEvent(new Event("change"));
      var shown = Array.from(group.querySelectorAll(":scope > .panel")).map(e => !e.hidden);
      return shown.filter(Boolean).length === 1 && shown[select.selectedIndex];
    })()""")
    assert chosen
    colour = "getComputedStyle(document.body).backgroundColor"
    before = browser.evaluate(colour)
    browser.evaluate("document.getElementById('theme').click()")
    assert browser.evaluate(colour) != before
    browser.evaluate("localStorage.removeItem('arraybench-theme')")


# Relative luminance and contrast as in WCAG 2.1, of every text that stands on one plain colour.
CONTRAST = """(function () {
  function rgb(text) { return (text.match(/[\\d.]+/g) || []).map(Number); }
  function light(c) {
    var s = c.slice(0, 3).map(function (v) {
      v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
    return 0.2126 * s[0] + 0.7152 * s[1] + 0.0722 * s[2];
  }
  function behind(e) {
    for (; e; e = e.parentElement) {
      var c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0.99) { return c; }
    }
    return [255, 255, 255];
  }
  var poor = [];
  document.querySelectorAll("h1, h2, h3, p, li, th, td, dt, dd, .pill, .small, summary, label, a")
    .forEach(function (e) {
      if (!e.textContent.trim() || e.getBoundingClientRect().height === 0) { return; }
      var a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
      var ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) { poor.push(ratio.toFixed(2) + " " + e.outerHTML.slice(0, 80)); }
    });
  return poor.slice(0, 5);
})()"""


def check_sample(browser, folder, pictures):
    path = os.path.join(folder, "sample.html")
    for width, height in SIZES:
        for theme in ("light", "dark"):
            browser.open(path, width, height, theme)
            missing = browser.evaluate(
                f"{SECTIONS!r}.filter(id => !document.getElementById(id) || "
                "document.getElementById(id).textContent.length < 40)")
            assert not missing, missing
            check_width(browser, width)
            check_text_size(browser)
            poor = browser.evaluate(CONTRAST)
            assert not poor, (theme, poor)
            first = browser.evaluate("document.querySelector('table.score td .big')"
                                     ".getBoundingClientRect().bottom")
            assert first <= height, f"the first number ends at {first} px, below the first screen"
            keep_picture(browser, pictures, f"{width}-{theme}")
            check_readings(browser, 7)
            check_choice_and_theme(browser)
            check_silence(browser, path)


def keep_picture(browser, pictures, name):
    if pictures:
        browser.picture(os.path.join(pictures, f"report-{name}.png"))


def check_hostile(browser, folder):
    path = os.path.join(folder, "hostile.html")
    for width, height in SIZES:
        browser.open(path, width, height, "light")
        browser.evaluate("window.boom = function () { window.boomed = true; }; ''")
        check_width(browser, width)
        check_readings(browser, 3)
        assert browser.evaluate("document.querySelectorAll('script').length") == 1
        assert browser.evaluate("document.querySelectorAll('img, [onerror], [onmouseover]').length") == 0
        assert not browser.evaluate("window.boomed")
        check_silence(browser, path)


def check_policy(browser, folder):
    """The page's policy holds on its own: a page with an injected handler does not run it."""
    with open(os.path.join(folder, "sample.html"), encoding="utf-8") as file:
        page = file.read()
    path = os.path.join(folder, "injected.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(page.replace("<main>", "<main><img src=x onerror=\"window.boomed=true\">"
                                "<script>window.boomed=true</script>", 1))
    browser.open(path, 1440, 900, "light")
    assert not browser.evaluate("window.boomed")
    asked = [event["params"]["requestId"] for event in browser.events
             if event["method"] == "Network.requestWillBeSent" and
             event["params"]["request"]["url"].endswith("/x")]
    blocked = [event["params"]["requestId"] for event in browser.events
               if event["method"] == "Network.loadingFailed" and
               event["params"].get("blockedReason") == "csp"]
    assert set(asked) <= set(blocked), "the policy lets a request through"
    try:
        check_silence(browser, path)
    except AssertionError:
        return
    raise AssertionError("the check of silence does not hear a violation")


def check_print(browser, folder):
    browser.open(os.path.join(folder, "sample.html"), 1440, 900, "dark")
    path = os.path.join(folder, "report.pdf")
    browser.print_pdf(path)
    with open(path, "rb") as file:
        assert file.read(5) == b"%PDF-"


def main():
    program = shutil.which("chromium")
    if program is None or not os.access(TESTS, os.X_OK):
        print("no chromium, or the test program that writes reports is not built")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="arraybench-report-") as folder:
        subprocess.run([TESTS, "[.peers]"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "REPORT_DIR": folder})
        with Browser(program) as browser:
            check_sample(browser, folder, os.environ.get("REPORT_PICTURES"))
            check_hostile(browser, folder)
            check_policy(browser, folder)
            check_print(browser, folder)
            browser.open(os.path.join(folder, "empty.html"), 390, 844, "light")
            check_width(browser, 390)
    print("the report stands in a browser at both widths and in both themes")


main()
