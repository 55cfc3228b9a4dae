// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"

namespace results::html {

// Without it the page still says everything: it only adds reading values off the drawings, choosing
// among panels and the theme. Text enters the page by textContent alone.
const char* script() {
    return R"js(
"use strict";
(function () {
  var root = document.documentElement;
  function remember(theme) {
    try { localStorage.setItem("arraybench-theme", theme); } catch (e) { /* a file may not */ }
  }
  function recall() {
    try { return localStorage.getItem("arraybench-theme"); } catch (e) { return null; }
  }
  if (recall()) { root.dataset.theme = recall(); }
  document.getElementById("theme").addEventListener("click", function () {
    var dark = root.dataset.theme ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    remember(root.dataset.theme);
  });

  document.querySelectorAll(".panels").forEach(function (group) {
    var bodies = group.querySelectorAll(":scope > .panel");
    group.querySelector("select").addEventListener("change", function (event) {
      bodies.forEach(function (body, i) { body.hidden = i !== Number(event.target.value); });
    });
  });

  function numbers(text) { return text.trim().split(" ").map(Number); }

  function series_of(svg) {
    return Array.from(svg.querySelectorAll(".series[data-x]")).map(function (group) {
      return {
        slot: Array.from(group.classList).find(function (c) { return /^s\d/.test(c); }),
        second: group.classList.contains("second"),
        name: group.dataset.name, x: numbers(group.dataset.x), y: numbers(group.dataset.y),
        where: group.dataset.where.split("|"), what: group.dataset.what.split("|")
      };
    }).filter(function (one) { return one.where.length > 1; });
  }

  function nearest(values, x) {
    var best = 0;
    values.forEach(function (value, i) {
      if (Math.abs(value - x) < Math.abs(values[best] - x)) { best = i; }
    });
    return best;
  }

  document.querySelectorAll(".plot").forEach(function (plot) {
    var tip = plot.querySelector(".tip");
    var spoken = plot.parentNode.querySelector("output");
    plot.querySelectorAll("svg").forEach(function (svg) {
      var all = null, places = [], at = -1;
      var guide = svg.querySelector(".guide");

      function prepare() {
        if (all) { return; }
        all = series_of(svg);
        var seen = {};
        all.forEach(function (one) { one.x.forEach(function (x) { seen[x] = true; }); });
        places = Object.keys(seen).map(Number).sort(function (a, b) { return a - b; });
      }

      function line(one, i) {
        var row = document.createElement("div");
        row.className = "key " + one.slot + (one.second ? " second" : "");
        var value = document.createElement("b");
        value.textContent = one.what[i];
        row.append(one.name + " ", value);
        return row;
      }

      function show(x) {
        var head = document.createElement("div");
        head.className = "where";
        tip.replaceChildren(head);
        var words = [];
        all.forEach(function (one) {
          var i = nearest(one.x, x);
          if (Math.abs(one.x[i] - x) > 40) { return; }
          head.textContent = head.textContent || one.where[i];
          words.push(one.name + " " + one.what[i]);
          tip.append(line(one, i));
        });
        tip.hidden = words.length === 0;
        spoken.value = head.textContent + ": " + words.join(", ");
        guide.setAttribute("d", "M" + x + " " + svg.dataset.top + "V" + svg.dataset.bottom);
        var scale = svg.clientWidth / svg.viewBox.baseVal.width;
        var left = x * scale + 14;
        if (left + tip.offsetWidth > plot.clientWidth) { left = x * scale - tip.offsetWidth - 14; }
        tip.style.left = Math.max(0, left) + "px";
      }

      function hide() {
        tip.hidden = true;
        guide.setAttribute("d", "M0 0");
      }

      function follow(event) {
        prepare();
        if (!places.length) { return; }
        var box = svg.getBoundingClientRect();
        var x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
        at = nearest(places, x);
        show(places[at]);
      }

      svg.addEventListener("pointermove", follow);
      svg.addEventListener("pointerdown", follow);
      svg.addEventListener("pointerleave", hide);
      svg.addEventListener("blur", hide);
      svg.addEventListener("keydown", function (event) {
        var step = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
        if (event.key === "Escape") { hide(); }
        if (!step) { return; }
        event.preventDefault();
        prepare();
        if (!places.length) { return; }
        at = Math.min(places.length - 1, Math.max(0, at + step));
        show(places[at]);
      });
    });
  });
})();
)js";
}

} // namespace results::html
