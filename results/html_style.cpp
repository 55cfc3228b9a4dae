// SPDX-License-Identifier: Apache-2.0
#include "results/html_page.h"

namespace results::html {

namespace {

// The colours of the arrays are told apart with every common colour blindness and in grey; dash and
// marker say the same again.
constexpr const char* css = R"css(
:root { color-scheme: light dark;
  --paper: light-dark(#ffffff, #10141a); --raised: light-dark(#f6f7f9, #181e26);
  --ink: light-dark(#161b22, #e9edf2); --soft: light-dark(#566070, #9ba7b6);
  --line: light-dark(#dfe3e9, #2b333e); --grid: light-dark(#e9ecf0, #242b35);
  --c0: light-dark(#0b61a8, #63b1f2); --c1: light-dark(#bd4b00, #f5974a);
  --c2: light-dark(#00795c, #45c9a5); --c3: light-dark(#8d3f97, #d692de);
  --good: light-dark(#176b3f, #62cf94); --good-soft: light-dark(#e5f4ec, #14301f);
  --bad: light-dark(#b3202a, #ff8a8a); --bad-soft: light-dark(#fcebec, #3c191c);
  --open: light-dark(#7d5600, #ecc15a); --open-soft: light-dark(#fbf2dc, #352a10);
  --mark: light-dark(#6b3fa0, #c9a8f5); --mark-soft: light-dark(#f1eafa, #2a2038); }
:root[data-theme=light] { color-scheme: light; }
:root[data-theme=dark] { color-scheme: dark; }
@supports not (color: light-dark(red, red)) { :root, :root[data-theme] { color-scheme: light;
  --paper: #fff; --raised: #f6f7f9; --ink: #161b22; --soft: #566070; --line: #dfe3e9; --grid: #e9ecf0;
  --c0: #0b61a8; --c1: #bd4b00; --c2: #00795c; --c3: #8d3f97; --good: #176b3f; --good-soft: #e5f4ec;
  --bad: #b3202a; --bad-soft: #fcebec; --open: #7d5600; --open-soft: #fbf2dc; --mark: #6b3fa0; --mark-soft: #f1eafa; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
main, .bar > div, footer { max-width: 1128px; margin: 0 auto; padding: 0 24px; }
a { color: inherit; text-underline-offset: 3px; }
h1 { font-size: clamp(1.25rem, 1.05rem + .8vw, 1.62rem); line-height: 1.25; font-weight: 650;
  letter-spacing: -.015em; margin: .5rem 0 .75rem; }
h2 { font-size: 1.4rem; letter-spacing: -.01em; line-height: 1.25; margin: 0 0 .4rem; }
h3 { font-size: 1rem; margin: 1.8rem 0 .5rem; } h4 { font-size: .9rem; margin: 1.3rem 0 .2rem; } .scroll + .scroll { margin-top: 1.5rem; }
p { margin: .5rem 0; } code, pre { font: .86em/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
section { margin: 4.2rem 0 0; } .intro { color: var(--soft); max-width: 46rem; margin: 0 0 1.2rem; }
.bar { position: sticky; top: 0; z-index: 5; background: var(--paper); border-bottom: 1px solid var(--line); }
.bar > div { display: flex; align-items: center; gap: .7rem; height: 3.1rem; }
.bar b { letter-spacing: -.01em; } .bar nav { flex: 1; overflow-x: auto; white-space: nowrap; scrollbar-width: none; }
.bar nav a { color: var(--soft); text-decoration: none; font-size: .88rem; padding: .4rem .36rem; }
.bar nav a:hover { color: var(--ink); }
button, select { font: inherit; font-size: .88rem; color: inherit; background: var(--raised);
  border: 1px solid var(--line); border-radius: 7px; padding: .3rem .65rem; max-width: 100%; }
:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; }
.emulated { display: inline-block; vertical-align: middle; font: 650 .68rem/1 system-ui, "DejaVu Sans", sans-serif;
  letter-spacing: .08em; color: var(--mark); border: 1.5px solid currentColor; border-radius: 4px; padding: .26em .45em; white-space: nowrap; }
.notice { margin: 1rem 0 0; padding: .5rem .9rem; border-radius: 9px; color: var(--mark); font-size: .92rem;
  background: repeating-linear-gradient(-45deg, var(--mark-soft) 0 12px, transparent 12px 24px), var(--paper); border: 1px solid var(--mark); }
.eyebrow { color: var(--soft); font-size: .88rem; margin: 1.6rem 0 0; }
.purpose { font-size: 1.08rem; color: var(--soft); margin: 0; text-wrap: balance; }
.remarks { margin: 1rem 0 0; padding-left: 1.15rem; } .remarks li { margin: 0 0 .4rem; break-inside: avoid; }
.pill { display: inline-block; white-space: nowrap; font-size: .82rem; font-weight: 600; line-height: 1; padding: .34em .62em; border-radius: 99px; }
.pill.good { color: var(--good); background: var(--good-soft); } .pill.bad { color: var(--bad); background: var(--bad-soft); }
.pill.open { color: var(--open); background: var(--open-soft); } .pill.same { color: var(--ink); background: var(--raised); border: 1px solid var(--line); }
.pill.none { color: var(--soft); background: none; border: 1.5px dashed currentColor; }
h1 { display: grid; overflow-wrap: anywhere; grid-template-columns: auto minmax(0, 1fr); gap: .2rem .9rem; align-items: start; } h1 .pill { font-size: 1rem; margin-top: .3em; } .clause { display: block; } .clause + .clause { margin-top: .2em; } .score td .small { display: block; } .score td .range { display: inline; } .range { white-space: nowrap; }
.s0 { --c: var(--c0); } .s1 { --c: var(--c1); --dash: 8 4; } .s2 { --c: var(--c2); --dash: 2 3; } .s3 { --c: var(--c3); --dash: 10 3 2 3; }
.key { overflow-wrap: anywhere; } tbody .key { white-space: nowrap; } .score .key { white-space: normal; } .key::before { content: ""; display: inline-block; width: 1.5em; margin-right: .45em;
  border-top: 3px solid var(--c); vertical-align: .28em; } .key.s1::before { border-top-style: dashed; }
.key.s2::before { border-top-style: dotted; } .key.s3::before { border-top-style: double; } .key.second::before { opacity: .5; border-top-width: 2px; }
.small { font-size: .84rem; color: var(--soft); } .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: right; padding: .48rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: 400; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: .82rem; vertical-align: bottom; } tbody th { overflow-wrap: anywhere; min-width: 8rem; }
.words td, .words th { text-align: left; } .none-yet { color: var(--soft); }
tr.invalid > * { background: var(--bad-soft); } tr.why td { color: var(--bad); border-bottom: 1px solid var(--line); padding: .3rem .7rem .6rem; background: var(--bad-soft); }
tr.group th { padding-top: 1.3rem; font-weight: 650; border-bottom-color: var(--soft); } tr.differs td { font-weight: 600; }
table.score { margin-top: 1.1rem; table-layout: fixed; } .score thead th { font-size: 1rem; font-weight: 650; color: var(--ink); }
.score thead .small { display: block; font-weight: 400; } .score th:first-child { width: 34%; font-weight: 600; } .score th .small { display: block; font-weight: 400; }
.two-columns { columns: 2 24rem; column-gap: 3rem; }
.score td, .score thead th + th { text-align: left; } .score td { border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
.big { display: block; font-size: clamp(1.5rem, 1.1rem + 1.6vw, 2.1rem); font-weight: 620; letter-spacing: -.02em; line-height: 1.15; color: var(--c, inherit); }
.big.unknown { font-size: 1.1rem; color: var(--soft); letter-spacing: 0; padding-top: .4rem; font-weight: 500; }
.forest { display: grid; grid-template-columns: minmax(9rem, 1.2fr) minmax(10rem, 1.3fr) auto minmax(11rem, 1.2fr); gap: .1rem 1.1rem; align-items: center; }
.forest > * { padding: .4rem 0; } .forest .head { color: var(--soft); font-size: .82rem; display: flex; justify-content: space-between; }
.forest .rule { grid-column: 1 / -1; border-top: 1px solid var(--line); padding: 0; } .forest .small { display: block; }
svg.interval { width: 100%; height: auto; display: block; padding: .4rem 0; } .interval .margin { fill: var(--grid); } .interval .zero { stroke: var(--soft); stroke-dasharray: 2 2; }
.interval .reach { stroke: var(--ink); stroke-width: 2; fill: none; } .interval .value { fill: var(--ink); }
.gaps { margin-top: 2.2rem; padding: 1rem 1.25rem; border: 1.5px dashed var(--soft); border-radius: 10px; } .gaps h3 { margin: 0 0 .4rem; }
.gaps ul { margin: 0; padding-left: 1.15rem; } .alarm-box { padding: .8rem 1.1rem; margin: 0 0 1.2rem; border-left: 4px solid var(--bad); background: var(--bad-soft); border-radius: 4px; }
figure { margin: 1.4rem 0 2rem; } figcaption { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; justify-content: space-between; margin-bottom: .5rem; }
.legend { color: var(--soft); font-size: .88rem; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; }
.plot { position: relative; } svg.chart { width: 100%; height: auto; display: block; touch-action: pan-y; font-size: 12px; overflow: visible; } svg.narrow { display: none; }
.chart text { fill: var(--soft); } .grid { stroke: var(--grid); fill: none; } .tick, .base { stroke: var(--soft); fill: none; }
.series path { fill: none; stroke: var(--c); stroke-width: 2.2; stroke-linejoin: round; stroke-dasharray: var(--dash, none); }
.series.second path { stroke-width: 1.2; opacity: .65; } .series.faint path { stroke-dasharray: 1 5; stroke-width: 2; opacity: .8; stroke-linecap: round; }
.mark { fill: var(--c); stroke: var(--paper); stroke-width: 1.5; } .mark.hollow { fill: var(--paper); stroke: var(--c); stroke-width: 2; }
.upright path { stroke: var(--c, var(--ink)); stroke-width: 1.4; stroke-dasharray: 3 3; } .chart .upright text { fill: var(--c, var(--ink)); font-weight: 600; }
.region rect { fill: var(--raised); } .region.alarm rect { fill: var(--bad-soft); } .chart .region.alarm text { fill: var(--bad); font-weight: 600; }
.guide { stroke: var(--ink); stroke-width: 1; } .tip { position: absolute; top: 34px; pointer-events: none; background: var(--paper); border: 1px solid var(--line);
  border-radius: 8px; box-shadow: 0 4px 18px rgb(0 0 0 / .16); padding: .5rem .75rem; font-size: .85rem; max-width: 92%; z-index: 2; } .tip .where { color: var(--soft); } .tip b { float: right; padding-left: 1.2em; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: 0 2rem; }
.choose { font-size: .88rem; color: var(--soft); } .choose select { color: var(--ink); margin-left: .4rem; max-width: min(100%, 34rem); } .panel-name { display: none; }
.finding { border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: 8px; padding: .9rem 1.1rem; margin: .9rem 0; } .finding.note { border-left-color: var(--soft); }
.finding h3 { margin: 0 0 .3rem; } dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .15rem 1.2rem; margin: .6rem 0; font-size: .92rem; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto; margin: .6rem 0; }
details { margin: 1rem 0; } summary { cursor: pointer; color: var(--soft); font-size: .92rem; } footer { margin-top: 4rem; padding-bottom: 3rem; color: var(--soft); font-size: .84rem; } .print-mark { display: none; }
@media (max-width: 719px) { #answer { display: flex; flex-direction: column; } #answer .remarks, #answer .scroll ~ * { order: 2; } #answer .scroll { order: 1; } .notice { font-size: .84rem; }
  main, .bar > div, footer { padding: 0 16px; } section { margin-top: 3.2rem; } svg.wide { display: none; } svg.narrow { display: block; }
  h1 { grid-template-columns: minmax(0, 1fr); justify-items: start; } .bar b { display: none; } .bar > div { gap: .6rem; }
  .score, .score tbody, .score thead { display: block; } .score tr { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); border-bottom: 1px solid var(--line); padding: .7rem 0; column-gap: 1rem; }
  .score th, .score td { border: 0; padding: 0; min-width: 0; } .score tbody th:first-child { grid-column: 1 / -1; width: auto; padding-bottom: .3rem; } .score thead th:first-child { display: none; }
  .forest { grid-template-columns: auto 1fr; } .forest .head.label { display: none; } .forest .chart-cell, .forest .metric { grid-column: 1 / -1; } .forest > * { padding: .15rem 0; } .forest .rule { margin-top: .7rem; padding-top: .5rem; }
  .scroll tbody th, .scroll thead th:first-child { position: sticky; left: 0; background: var(--paper); } tr.invalid > th { background: var(--bad-soft) !important; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@media print { :root, :root[data-theme] { color-scheme: light; } html { font-size: 12px; } .bar, .choose, .tip { display: none !important; } main { max-width: none; padding: 0; }
  section { margin-top: 2rem; } h2, h3, figcaption, thead { break-after: avoid; } figure, .finding, tr, .gaps { break-inside: avoid; } .panel-name { display: block; font-weight: 600; } .scroll { overflow: visible; }
  th, td { padding: .3rem .4rem; } .print-mark { display: block; position: fixed; top: 0; right: 0; z-index: 9; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } @page { margin: 14mm 12mm; } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
)css";

} // namespace

const char* style() {
    return css;
}

} // namespace results::html
