// SPDX-License-Identifier: Apache-2.0
// The arrows of the house, read from the #include lines: who may know whom.

#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace fs = std::filesystem;

namespace {

using Arrows = std::map<std::string, std::set<std::string>>;

// Between rooms. A room may always include itself.
const Arrows room_arrows = {
    {"bench", {"drivers", "profiles", "results"}},
    {"drivers", {}},
    {"profiles", {}},
    {"results", {}},
};

// Within a room, by the first two parts of a path. A folder not named here fails.
const Arrows folder_arrows = {
    // A command is a thin front to whichever folder does its work: `load` to load, `egress` to
    // egress.
    {"bench/cli",
     {"bench/plan",
      "bench/campaign",
      "bench/load",
      "bench/measure",
      "bench/integrity",
      "bench/egress",
      "bench/exchange",
      "bench/hosts", // `run` under a launcher: who leads and who follows.
      "bench/judge"}},
    {"bench/hosts", {}}, // How hosts speak to each other; what they say is the campaign's.
    {"bench/exchange", {"bench/plan"}}, // Other tools' results; plan knows fio's.
    {"bench/campaign",
     {"bench/plan",
      "bench/load",
      "bench/hosts",
      "bench/integrity",
      "bench/egress",
      "bench/judge",
      "bench/measure"}},
    // A second front, beside the command line: serves what a plan can name, as safely.
    {"bench/nbdkit", {"bench/plan", "bench/campaign"}},
    {"bench/judge", {"bench/measure", "bench/integrity", "bench/egress"}},
    {"bench/load", {"bench/measure", "bench/integrity"}},
    {"bench/plan", {}},
    {"bench/integrity", {}},
    {"bench/egress", {"bench/integrity"}}, // Looks for the canaries that stamps plant.
    {"bench/measure", {}},
    {"drivers/api", {}},
    {"drivers/wire", {}},
    {"drivers/confine", {"drivers/api"}}, // What a process may still do.
    {"drivers/memory", {"drivers/api"}},
    {"drivers/multipath", {"drivers/api"}}, // Composes drivers that it knows only as such.
    {"drivers/iscsi", {"drivers/api", "drivers/wire"}},
    {"drivers/nvme_tcp", {"drivers/api", "drivers/wire"}},
    {"drivers/block_device", {"drivers/api", "drivers/wire"}}, // What a device says of itself.
    {"drivers/fio", {"drivers/api", "drivers/confine"}},       // Tools learn no secrets.
    {"drivers/lab",
     {"drivers/api", "drivers/wire", "drivers/confine"}}, // Sink-hole services answer DNS and NTP.
    {"drivers/capture", {"drivers/api", "drivers/wire"}},
    // The platform is one more source: it speaks the words of its room's own files (source, random,
    // strict_json ...).
    {"profiles/interception",
     {"profiles/source",
      "profiles/random",
      "profiles/synthetic_source",
      "profiles/strict_json",
      "profiles/file_error",
      "profiles/file_place", // Where descriptions and what they name may be.
      "profiles/zipf",
      "profiles/units"}},
    // Other people's recordings as sources.
    {"profiles/trace",
     {"profiles/source",
      "profiles/strict_json",
      "profiles/synthetic_source",
      "profiles/file_error",
      "profiles/file_place",
      "profiles/units"}},
    // One face for workloads of every kind.
    {"profiles/kinds",
     {"profiles/interception",
      "profiles/trace",
      "profiles/source",
      "profiles/file_error", // A LUN whose blocks no access of it can be.
      "profiles/file_place",
      "profiles/strict_json",
      "profiles/synthetic_source",
      "profiles/workload",
      "profiles/workload_file"}},
    {"results/numbers", {}},
    {"results/text", {}},
    {"results/charts", {"results/text"}}, // Axes say their values for people.
    {"drivers/array", {"drivers/api", "drivers/wire"}},
};

// What every room may include: the one way by which foreign JSON comes in.
const std::set<std::string> known_to_all = {"drivers/wire/foreign_json_file.h"};

bool is_allowed(const Arrows& arrows, const std::string& from, const std::string& to) {
    const auto found = arrows.find(from);
    return from == to || (found != arrows.end() && found->second.count(to) == 1);
}

void check_file(const fs::path& file, const std::string& room, const std::string& folder) {
    static const std::regex quoted_include(R"re(^\s*#include\s+"(([a-z]+)/([a-z_]+)[^"]*)")re");
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, quoted_include)) {
            continue;
        }
        if (known_to_all.count(match[1]) == 1) {
            continue;
        }
        const std::string to_room = match[2];
        const std::string to_folder = to_room + "/" + match[3].str();
        INFO(file.string() << ": " << line);
        CHECK(is_allowed(room_arrows, room, to_room));
        const bool at_top =
            folder == room; // main.cpp and the like may reach any folder of their room.
        CHECK((to_room != room || at_top || is_allowed(folder_arrows, folder, to_folder)));
    }
}

} // namespace

TEST_CASE("no file includes a room or folder it may not know", "[tidy]") {
    const fs::path root = tests::source_dir();
    for (const auto& [room, allowed] : room_arrows) {
        for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
            const fs::path& file = entry.path();
            if (file.extension() == ".h" || file.extension() == ".cpp") {
                const fs::path inside = fs::relative(file, root / room);
                const bool in_folder = std::distance(inside.begin(), inside.end()) > 1;
                check_file(file, room, in_folder ? room + "/" + inside.begin()->string() : room);
            }
        }
    }
}
