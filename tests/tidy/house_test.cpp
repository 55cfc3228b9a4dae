// SPDX-License-Identifier: Apache-2.0
// Sizes and names: what every file of the house keeps to.

#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

namespace fs = std::filesystem;

namespace {

constexpr std::size_t file_lines_max = 400; // Past this there are two concepts inside.

const std::set<std::string> rooms = {"bench", "drivers", "profiles", "results", "tests"};

// A thing without a room has no name yet.
const std::set<std::string> nameless = {
    "util", "utils", "common", "misc", "helper", "helpers", "base", "core"};

std::vector<fs::path> sources() {
    std::vector<fs::path> out;
    for (const std::string& room : rooms) {
        for (const auto& entry :
             fs::recursive_directory_iterator(fs::path(tests::source_dir()) / room)) {
            if (entry.path().extension() == ".h" || entry.path().extension() == ".cpp") {
                out.push_back(entry.path());
            }
        }
    }
    return out;
}

std::vector<std::string> lines_of(const fs::path& file) {
    std::ifstream in(file);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) {
        out.push_back(line);
    }
    return out;
}

} // namespace

TEST_CASE("no source file holds more than one concept", "[tidy]") {
    for (const fs::path& file : sources()) {
        INFO(file.string());
        CHECK(lines_of(file).size() <= file_lines_max);
    }
}

TEST_CASE("every source file names its licence, every header guards itself", "[tidy]") {
    for (const fs::path& file : sources()) {
        const auto lines = lines_of(file);
        INFO(file.string());
        REQUIRE(lines.size() > 1);
        CHECK(lines[0] == "// SPDX-License-Identifier: Apache-2.0");
        CHECK((file.extension() != ".h" ||
               std::find(lines.begin(), lines.end(), "#pragma once") != lines.end()));
    }
}

TEST_CASE("files and folders have names of their own, in snake case", "[tidy]") {
    static const std::regex snake(R"([a-z][a-z0-9_]*)");
    for (const fs::path& file : sources()) {
        for (const fs::path& part : fs::relative(file, tests::source_dir())) {
            INFO(file.string());
            CHECK(std::regex_match(part.stem().string(), snake));
            CHECK(nameless.count(part.stem().string()) == 0);
        }
    }
}

TEST_CASE("libraries stay in the rooms that were given to them", "[tidy]") {
    static const std::regex json(R"(^#include <nlohmann/)");
    static const std::regex libiscsi(R"(^#include <iscsi/)");
    for (const fs::path& file : sources()) {
        const std::string path = fs::relative(file, tests::source_dir()).string();
        const bool reads_json = path.ends_with("_file.cpp") || path.ends_with("_file.h") ||
                                path.find("sink") != std::string::npos;
        for (const std::string& line : lines_of(file)) {
            INFO(path << ": " << line);
            CHECK((!std::regex_search(line, json) || reads_json || path.starts_with("tests/")));
            CHECK((!std::regex_search(line, libiscsi) ||
                   (path.starts_with("drivers/iscsi/") && path.ends_with(".cpp"))));
        }
    }
}

TEST_CASE("no test's name holds a semicolon, at which CTest would cut it in two", "[tidy]") {
    static const std::regex cut(R"re(TEST_CASE\([^)\[]*;)re");
    for (const fs::path& file : sources()) {
        std::string text;
        for (const std::string& line : lines_of(file)) {
            text += line.find("TEST_CASE(") != std::string::npos || !text.empty() ? line : "";
            text = text.size() > 400 ? "" : text; // A name and its tags end long before.
            INFO(file.string() << ": " << text);
            CHECK_FALSE(std::regex_search(text, cut));
            text = line.find('{') != std::string::npos ? "" : text;
        }
    }
}

TEST_CASE("nothing lies at the top that the plan of the house does not name", "[tidy]") {
    const std::set<std::string> known = {"bench",
                                         "drivers",
                                         "profiles",
                                         "results",
                                         "tests",
                                         "CMakeLists.txt",
                                         "Dockerfile",
                                         "CMakePresets.json",
                                         "README.md",
                                         "LICENSE",
                                         "SECURITY.md",
                                         "build"};
    for (const auto& entry : fs::directory_iterator(tests::source_dir())) {
        const std::string name = entry.path().filename().string();
        INFO(name);
        CHECK((name.front() == '.' || known.count(name) == 1));
    }
}
