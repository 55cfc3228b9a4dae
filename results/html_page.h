// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/charts/chart.h"
#include "results/run_record.h"

#include <string>
#include <string_view>
#include <vector>

// The bricks of the HTML report. What comes from a record goes through esc() or said(), nothing
// else reaches the page.
namespace results::html {

std::string esc(std::string_view text);  // For attributes.
std::string said(std::string_view text); // For the page: kept apart in its writing direction.

std::string pill(Outcome outcome);
std::string pill(Word word);
std::string key(int slot, const std::string& name); // Colour and dash of an array, and its name.
std::string array_keys(const RunRecord& run);

struct Heading {
    std::string id;
    std::string title;
    std::string intro = {}; // HTML.
    bool emulated = false;
};
std::string section(const Heading& heading, const std::string& body);

// A drawing at two widths, its title, and what its lines mean (HTML).
std::string figure(const charts::Chart& chart, const std::string& legend, int width = 1040);

// One of several bodies at a time, chosen by a list; all the same shape.
struct Panel {
    std::string label;
    std::string body;
};
std::string panels(const std::string& what, const std::vector<Panel>& list, std::size_t chosen);

// A table whose cells are HTML; the first column names the row.
class Table {
public:
    explicit Table(const std::vector<std::string>& columns, const std::string& kind = "");
    void row(const std::vector<std::string>& cells, const std::string& kind = "");
    void wide(const std::string& cell, const std::string& kind); // One cell over all columns.
    bool empty() const { return rows_.empty(); }
    std::string html() const;

private:
    std::string head_;
    std::string rows_;
    std::size_t columns_;
};

std::string fold(const std::string& summary, const std::string& body); // Closed until asked.

// The page's own style and behaviour.
const char* style();
const char* script();

} // namespace results::html
