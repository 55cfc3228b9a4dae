// SPDX-License-Identifier: Apache-2.0
// The same of a run that searched for capacity, of what it says that its LUNs must hold, and of the
// key of its canaries: altered anyhow, each is a finding or an error with its place.
#include "bench/campaign/expectation_files.h"
#include "bench/integrity/canary_key_file.h"
#include "bench/integrity/expectation.h"
#include "tests/fakes/campaign_plan.h"
#include "tests/fakes/forged_folder.h"
#include "tests/fakes/forgery.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <map>

namespace fs = std::filesystem;
using tests::Chance;
using tests::fault_in;
using tests::fault_of;
using tests::ScratchFolder;

namespace {

struct Ended {
    int code = -1;
    std::string out;
    std::string err;
};

Ended ran(const std::vector<std::string>& arguments) {
    const ScratchFolder folder;
    tests::ProgramRun run(arguments, folder.path());
    Ended out;
    out.code = run.wait();
    out.out = run.out();
    out.err = run.err();
    return out;
}

// Two steps of a search, half a second each.
std::string capacity_run(const ScratchFolder& folder) {
    results::write_whole_file(folder.path() + "/platform.json",
                              R"({"$schema": "arraybench/interception/1", "purpose": "A test.",
        "targets": 100, "data": {"keep": "30%", "session_rate_share": 0.05},
        "storage": {"writers": 2, "commits": "20/s", "buffer": "100ms"},
        "readers": {"analysts": 2, "searches": "1/s", "exports": "1/h", "export": "1MB"}})");
    const std::string plan = folder.path() + "/capacity.json";
    results::write_whole_file(plan,
                              R"({"$schema": "arraybench/plan/1", "type": "capacity", "seed": 3,
        "arrays": [{"name": "a0", "file": ")" +
                                  tests::plain_array() + R"("}],
        "working_set": "96MiB", "interval": "100ms", "verify": "full", "capacity": {"mode": "ramp",
        "workload": {"name": "small", "file": "platform.json"}, "from": "10 targets",
        "to": "15 targets", "resolution": "50%", "ramp": "20ms", "duration": "500ms",
        "limits": [{"stream": "commit delay", "measure": "response", "statistic": "max",
                    "at_most": "5s"}]}})");
    std::string out = folder.path() + "/whole";
    const Ended ended = ran({"run", plan, "--out", out});
    INFO(ended.err);
    REQUIRE((ended.code == 0 || ended.code == 1 || ended.code == 7)); // Or a busy host.
    return out;
}

std::vector<std::string> json_files(const std::string& run) {
    std::vector<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(run)) {
        if (entry.path().extension() == ".json") {
            out.push_back(fs::relative(entry.path(), run).string());
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

// Each way of altering it so many times.
void try_forgeries(const std::string& whole, std::uint64_t seed, int forgeries) {
    const ScratchFolder folder;
    bool is_verified = false;
    REQUIRE(fault_in(whole, is_verified).empty());
    REQUIRE(is_verified);
    std::vector<std::string> files = json_files(whole);
    files.insert(files.end(), 3, "result.json");
    Chance chance(seed);
    int told_of = 0;
    for (int i = 0; i < forgeries; ++i) {
        const std::string run = folder.path() + "/run";
        fs::remove_all(run);
        fs::copy(whole, run, fs::copy_options::recursive);
        const std::string how =
            i % 2 == 0 ? tests::forge(run, files, chance) : tests::forge_text(run, files, chance);
        INFO(i << ": " << how);
        is_verified = false;
        CHECK(fault_in(run, is_verified).empty());
        told_of += is_verified ? 0 : 1;
    }
    CHECK(told_of > forgeries / 2);
}

} // namespace

TEST_CASE("a search for capacity with anything in it altered is told of, and nothing falls over",
          "[forged]") {
    const ScratchFolder folder;
    try_forgeries(capacity_run(folder), 20261205, 300);
}

TEST_CASE("the program ends with a code of its table on a forged search and its expectation",
          "[forged]") {
    const ScratchFolder folder;
    const std::string whole = capacity_run(folder);
    const auto kept = bench::campaign::expectation_files(whole);
    REQUIRE(kept.size() == 1);
    const std::string bytes = results::read_whole_file(kept[0].path);
    const std::string name = fs::path(kept[0].path).filename().string();
    const std::string other = "memory:size=64MiB,serial=X-1";
    Chance chance(20261206);
    std::map<int, int> codes;
    for (int i = 0; i < 16; ++i) {
        const std::string run = folder.path() + "/run";
        fs::remove_all(run);
        fs::copy(whole, run, fs::copy_options::recursive);
        std::string how = tests::forge_text(run, json_files(run), chance);
        if (i % 2 == 0) {
            how = name;
            fs::remove(run + "/" + name);
            switch (tests::below(4, chance)) {
            case 0:
                fs::create_symlink("/dev/zero", run + "/" + name);
                break;
            case 1:
                fs::create_directory(run + "/" + name);
                break;
            case 2:
                results::write_whole_file(run + "/" + name,
                                          bytes.substr(0, tests::below(bytes.size(), chance)));
                break;
            default:
                results::write_whole_file(run + "/" + name, "{}");
                fs::resize_file(run + "/" + name, 1ULL << 42U);
            }
        }
        const std::vector<std::vector<std::string>> commands{{"verify-data", run, other},
                                                             {"run", "--resume", run},
                                                             {"report", run},
                                                             {"compare", run, run}};
        const auto& command = commands[static_cast<std::size_t>(i / 2) % commands.size()];
        const Ended ended = ran(command);
        INFO(i << ": " << how << ": " << command[0] << " " << ended.code << " " << ended.err);
        CHECK(ended.code >= 0);
        CHECK(ended.code <= 7);
        CHECK(ended.err.find("internal error") == std::string::npos);
        CHECK(ended.err.size() < 4096);
        CHECK((ended.code == 0 || ended.code == 7 || ended.code == 1 || !ended.err.empty()));
        ++codes[ended.code];
    }
    CHECK(codes.size() > 1);
}

TEST_CASE("a canary key altered anyhow is read or refused with its place", "[forged]") {
    bench::integrity::CanaryKeyFile key;
    key.key = bench::integrity::new_canary_key();
    key.luns = {{0, "a0"}, {1, "a1"}};
    key.phases = {{1, "load"}, {2, "quiet after"}};
    const std::string whole = bench::integrity::canary_key_json(key);
    Chance chance(20261207);
    int refused = 0;
    for (int i = 0; i < 500; ++i) {
        std::string text = whole;
        std::string how;
        if (i % 2 == 0) {
            tests::Json json = tests::Json::parse(text);
            how = tests::alter(json, chance);
            text = json.dump(-1, ' ', false, tests::Json::error_handler_t::replace);
        } else {
            how = tests::alter_text(text, chance);
        }
        INFO(i << ": " << how);
        bool is_read = false;
        CHECK(fault_of([&] {
                  (void)bench::integrity::parse_canary_key(text, "key.json");
                  is_read = true;
              }).empty());
        refused += is_read ? 0 : 1;
    }
    CHECK(refused > 250);
}

TEST_CASE("a key in whose place something else stands is refused by the commands that take one",
          "[forged]") {
    const ScratchFolder folder;
    const std::string key = folder.path() + "/key.json";
    const std::vector<std::string> texts{"",
                                         "[",
                                         std::string(100'000, '['),
                                         R"({"$schema": "arraybench/canary-key/1"})",
                                         R"({"$schema": "arraybench/canary-key/1", "key": "00"})",
                                         std::string(20U << 20U, ' ')};
    for (const std::string& text : texts) {
        INFO(text.substr(0, 80));
        results::write_whole_file(key, text);
        const Ended ended = ran({"load",
                                 "memory:size=64MiB,serial=X-1",
                                 "--rw=write",
                                 "--runtime=0.1",
                                 "--verify=full",
                                 "--destroy=X-1",
                                 "--canary-key",
                                 key});
        CHECK(ended.code == 2);
        CHECK(ended.err.find(key) != std::string::npos);
        CHECK(ended.err.find("internal error") == std::string::npos);
    }
}
