// SPDX-License-Identifier: Apache-2.0
// What a folder is, told before anything in it is believed.
#include "results/journal_file.h"
#include "results/manifest.h"
#include "results/record_error.h"
#include "results/run_record_file.h"
#include "results/run_state.h"
#include "results/whole_file.h"
#include "tests/fakes/sample_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace results;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

// A run's folder as a run leaves it, with as much of its course as is asked for.
struct Folder {
    explicit Folder(bool ended) {
        run = tests::sample_run();
        path = scratch.path() + "/run";
        fs::create_directories(path + "/rounds");
        write_whole_file(path + "/plan.json", "{}");
        {
            JournalWriter journal(path + "/events.ndjson");
            journal.append("run started", {{"rounds", "9"}}, {});
            journal.append("round finished", {{"index", "0"}}, {});
            if (ended) {
                journal.append("run ended", {{"complete", "yes"}}, {});
            }
        }
        for (const RoundRecord& round : run.rounds) {
            write_round(path, round);
        }
        if (ended) {
            write_result(path, run);
            write_manifest(path);
        }
    }
    RunLook look() const { return look_at_run(path); }
    void remove(const char* name) const { fs::remove_all(path + "/" + name); }

    tests::ScratchFolder scratch;
    std::string path;
    RunRecord run;
};

} // namespace

TEST_CASE("what is no run's folder is told from one by its files", "[run]") {
    const tests::ScratchFolder scratch;
    CHECK(look_at_run("").state == RunState::none);
    CHECK_THAT(look_at_run(scratch.path() + "/x").sentence, Contains("there is no such folder"));
    CHECK_THAT(look_at_run(scratch.path()).sentence, Contains("is empty"));
    write_whole_file(scratch.path() + "/file", "");
    CHECK_THAT(look_at_run(scratch.path() + "/file").sentence, Contains("is a file"));
    CHECK_THAT(look_at_run(scratch.path()).sentence,
               Contains("not a run's folder") && !Contains("lies in it"));
    const Folder folder(true);
    CHECK_THAT(look_at_run(folder.scratch.path()).sentence,
               Contains("a run lies in it: " + folder.path));
    CHECK_THROWS_AS(want_whole_run(scratch.path()), RecordError);
}

TEST_CASE("a run that was cut off is unfinished and says how it goes on", "[run]") {
    const Folder folder(false);
    CHECK(folder.look().state == RunState::unfinished);
    CHECK_THAT(folder.look().sentence,
               Contains("unfinished: 1 of 9 rounds are done") &&
                   Contains("run --resume " + folder.path) && !Contains("torn"));
    CHECK_THROWS_AS(want_whole_run(folder.path), UnfinishedError);
    CHECK_THROWS_AS(read_run(folder.path), UnfinishedError);
    const std::string journal = folder.path + "/events.ndjson";
    const std::string text = read_whole_file(journal);
    write_whole_file(journal, text.substr(0, text.size() - 20));
    CHECK_THAT(folder.look().sentence, Contains("0 of 9") && Contains("torn"));
    write_whole_file(journal, text.substr(0, 40) + text.substr(60)); // Cut in its middle.
    CHECK(folder.look().state == RunState::partial);
    CHECK_THAT(folder.look().sentence, Contains("line 1") && Contains("copy the whole folder"));
    folder.remove("events.ndjson");
    CHECK_THAT(folder.look().sentence, Contains("0 rounds are done") && Contains("--resume"));
    CHECK(folder.look().state == RunState::unfinished);
    folder.remove("plan.json");
    CHECK(folder.look().state == RunState::none); // Rounds alone say nothing.
    fs::create_directory(folder.path + "/inputs");
    CHECK(folder.look().state == RunState::unfinished);
    CHECK_THAT(folder.look().sentence, Contains("start it anew"));
}

TEST_CASE("a result of before a run was resumed is not the run's", "[run]") {
    const Folder folder(true);
    CHECK(folder.look().state == RunState::whole);
    JournalWriter(folder.path + "/events.ndjson").append("run resumed", {{"rounds", "9"}}, {});
    CHECK(folder.look().state == RunState::unfinished);
}

TEST_CASE("a folder that was copied in part says what is missing", "[run]") {
    for (const char* missing : {"plan.json", "events.ndjson", "result.json"}) {
        INFO(missing);
        const Folder folder(true);
        folder.remove(missing);
        CHECK(folder.look().state == RunState::partial);
        CHECK_THAT(folder.look().sentence,
                   Contains(std::string(missing) + " is missing") &&
                       Contains("copy the whole folder"));
        CHECK_THROWS_AS(read_run(folder.path), UnfinishedError);
    }
    const Folder folder(true);
    REQUIRE(read_run(folder.path).rounds.size() == folder.run.rounds.size());
    fs::remove(folder.path + "/" + round_file_name(folder.run.rounds.back()));
    CHECK_THROWS_WITH(read_run(folder.path), Contains("rounds are there"));
    folder.remove("rounds");
    CHECK_THROWS_WITH(read_run(folder.path), Contains(": 0 of "));
    CHECK(folder.look().has_manifest);
    folder.remove("SHA256SUMS");
    CHECK_FALSE(folder.look().has_manifest);
}
