// SPDX-License-Identifier: Apache-2.0
// One approved file per form of a report. ARRAYBENCH_APPROVE=1 writes them anew, on purpose.

#include "results/run_record_file.h"
#include "results/sinks.h"
#include "tests/fakes/sample_run.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace {

std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// Where two texts part, as a person can use it.
std::string first_difference(const std::string& approved, const std::string& now) {
    std::istringstream left(approved);
    std::istringstream right(now);
    std::string a;
    std::string b;
    for (int line = 1;; ++line) {
        const bool more_left = static_cast<bool>(std::getline(left, a));
        const bool more_right = static_cast<bool>(std::getline(right, b));
        if (!more_left && !more_right) {
            return "";
        }
        if (more_left != more_right || a != b) {
            std::size_t at = 0;
            while (at < std::min(a.size(), b.size()) && a[at] == b[at]) {
                ++at;
            }
            const std::size_t from = at > 60 ? at - 60 : 0;
            return "line " + std::to_string(line) + "\napproved: " + a.substr(from, 200) +
                   "\nnow:      " + b.substr(from, 200);
        }
    }
}

void check_approved(const std::string& name, const std::string& now) {
    const std::string path = tests::source_dir() + "/tests/golden/approved/" + name;
    if (std::getenv("ARRAYBENCH_APPROVE") != nullptr) {
        std::ofstream(path, std::ios::binary) << now;
    }
    const std::string approved = read(path);
    INFO(name << ": " << first_difference(approved, now));
    CHECK((!approved.empty() && approved == now));
}

} // namespace

TEST_CASE("every form of the report is as approved", "[golden]") {
    const results::RunRecord run = tests::sample_run();
    check_approved("report.html", results::html_report(run));
    check_approved("report.md", results::markdown_report(run));
    check_approved("report.junit.xml", results::junit_report(run));
    check_approved("report.metrics", results::openmetrics(run));
    check_approved("summary.json", results::json_summary(run));
}

TEST_CASE("the tables begin as approved", "[golden]") {
    for (const auto& [name, text] : results::csv_tables(tests::sample_run())) {
        const std::size_t end = text.find('\n', 12000);
        check_approved(name, text.substr(0, end == std::string::npos ? end : end + 1));
    }
}

namespace {

void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

void write_run(const std::string& folder, const results::RunRecord& run) {
    std::filesystem::create_directories(folder + "/rounds");
    results::write_result(folder, run);
    for (const results::RoundRecord& round : run.rounds) {
        results::write_round(folder, round);
    }
}

} // namespace

// For the peers that open reports with programs not written here: hidden, run by name with
// REPORT_DIR set.
TEST_CASE("reports are written for others to open", "[.peers]") {
    const char* given = std::getenv("REPORT_DIR");
    REQUIRE(given != nullptr);
    const std::string folder = given;
    write(folder + "/empty.html", results::html_report(results::RunRecord()));
    const std::map<std::string, results::RunRecord> runs = {{"sample", tests::sample_run()},
                                                            {"hostile", tests::hostile_run()}};
    for (const auto& [name, run] : runs) {
        write(folder + "/" + name + ".html", results::html_report(run));
        write(folder + "/" + name + ".xml", results::junit_report(run));
        write(folder + "/" + name + ".metrics", results::openmetrics(run));
        write(folder + "/" + name + ".json", results::json_summary(run));
        for (const auto& [table, text] : results::csv_tables(run)) {
            write(folder + "/" + name + "-" + table, text);
        }
    }
    write_run(folder + "/run", tests::sample_run());
}
