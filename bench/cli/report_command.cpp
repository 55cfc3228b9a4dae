// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/command.h"
#include "bench/cli/option_page.h"
#include "bench/cli/outputs.h"
#include "bench/cli/say.h"
#include "drivers/api/errors.h"
#include "profiles/strict_json.h"
#include "results/run_record_file.h"
#include "results/sinks.h"
#include "results/whole_file.h"

#include <boost/program_options.hpp>

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <sstream>

namespace bench::cli {

int report_command(const Arguments& arguments);

namespace {

namespace options = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench report RUN [OPTION]...\n\n"
    "Prints a finished run, read from its folder, in one of several forms.\n\n"
    "  arraybench report results/runs/20261122T120000Z-demo-7f3a --format markdown\n"
    "  arraybench report results/runs/20261122T120000Z-demo-7f3a --format csv --out tables\n\n";

using Sink = std::string (*)(const results::RunRecord&);

const std::map<std::string, Sink>& sinks() {
    static const std::map<std::string, Sink> known = {{"html", results::html_report},
                                                      {"markdown", results::markdown_report},
                                                      {"junit", results::junit_report},
                                                      {"openmetrics", results::openmetrics},
                                                      {"fio", results::fio_report},
                                                      {"json", results::json_summary}};
    return known;
}

options::options_description described() {
    options::options_description out("Options");
    out.add_options()("help,h",
                      "show this")("format",
                                   options::value<std::string>()->default_value("html"),
                                   "html, markdown, junit, csv, openmetrics, json, or fio (json+)")(
        "out",
        options::value<std::string>()->default_value(""),
        "file to write instead of printing; for csv the folder for all four tables")(
        "table",
        options::value<std::string>()->default_value("rounds"),
        "the table that csv prints: rounds, intervals, percentiles or histogram")(
        "run", options::value<std::string>(), "the run's folder");
    return out;
}

[[noreturn]] void
refuse(const std::string& what, const std::string& given, const std::vector<std::string>& known) {
    const std::string near = profiles::nearest_name(given, known);
    throw drivers::UsageError(
        fmt::format("report: no {} \"{}\"{}; wanted one of {}",
                    what,
                    given,
                    near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near),
                    fmt::join(known, ", ")));
}

void check_choices(const std::string& format, const std::string& table) {
    std::vector<std::string> formats = {"csv"};
    for (const auto& [name, sink] : sinks()) {
        formats.push_back(name);
    }
    if (std::find(formats.begin(), formats.end(), format) == formats.end()) {
        refuse("format", format, formats);
    }
    const std::vector<std::string> tables = {"rounds", "intervals", "percentiles", "histogram"};
    if (std::find(tables.begin(), tables.end(), table) == tables.end()) {
        refuse("table", table, tables);
    }
}

// To the file, or to standard output where none is named.
void deliver(const std::string& path, const std::string& text) {
    if (!path.empty()) {
        results::write_whole_file(path, text);
        return;
    }
    say("{}", text);
}

void deliver_tables(const results::RunRecord& run,
                    const std::string& folder,
                    const std::string& table) {
    const auto tables = results::csv_tables(run);
    if (folder.empty()) {
        deliver("", tables.at(table + ".csv"));
        return;
    }
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        throw drivers::HostError(
            fmt::format("{}: cannot make this folder: {}", folder, error.message()));
    }
    for (const auto& [name, text] : tables) {
        deliver(folder + "/" + name, text);
    }
}

} // namespace

int report_command(const Arguments& arguments) {
    const options::options_description known = described();
    options::positional_options_description places;
    places.add("run", 1);
    const options::variables_map given = stored_options(arguments, known, places);
    if (given.count("help") != 0) {
        std::ostringstream text;
        text << introduction << known;
        say("{}", text.str());
        return 0;
    }
    if (given.count("run") == 0) {
        throw drivers::UsageError("report: wanted the run's folder; see arraybench report --help");
    }
    const auto format = given["format"].as<std::string>();
    const auto table = given["table"].as<std::string>();
    const auto out = given["out"].as<std::string>();
    check_choices(format, table);
    if (format == "csv") {
        check_output_folder("out", out);
    } else {
        check_output_file("out", out);
    }
    const results::RunRecord run = results::read_run(given["run"].as<std::string>());
    if (format == "csv") {
        deliver_tables(run, out, table);
    } else {
        deliver(out, sinks().at(format)(run));
    }
    return 0;
}

} // namespace bench::cli
