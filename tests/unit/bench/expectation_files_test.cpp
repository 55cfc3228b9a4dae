// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/expectation_files.h"
#include "results/whole_file.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace bench::campaign;
using Numbers = std::set<std::uint32_t>;

TEST_CASE("each host's part of an expectation has a file of its own, and is known by it",
          "[campaign]") {
    const tests::ScratchFolder folder;
    // The last two are arrays whose names only look like a part's.
    const auto put = [&](const std::string& name) {
        results::write_whole_file(folder.path() + "/" + name, name);
    };
    put(expectation_file_name("a"));
    put(expectation_file_name("a", {1, 4}));
    put(expectation_file_name("a.host-9-of-4"));
    put(expectation_file_name("a.host-x-of-4"));
    put("expectation-.bin.part");
    put("report.html");
    const auto files = expectation_files(folder.path());
    REQUIRE(files.size() == 4);
    int of_several = 0;
    for (const ExpectationFile& file : files) {
        if (file.share.count > 1) {
            ++of_several;
            CHECK(file.path.ends_with("/expectation-a.host-2-of-4.bin"));
            CHECK(file.share.index == 1);
            CHECK(file.share.count == 4);
        }
    }
    CHECK(of_several == 1);
}

TEST_CASE("parts keep whose they are when runs are merged, once and again", "[campaign][merge]") {
    const tests::ScratchFolder one;
    const tests::ScratchFolder half;
    const tests::ScratchFolder whole;
    results::write_whole_file(one.path() + "/" + expectation_file_name("a"), "second host's");
    copy_expectations(one.path(), {1, 4}, half.path());
    copy_expectations(half.path(), {0, 4}, whole.path()); // What the files say counts.
    const std::string kept = whole.path() + "/expectation-a.host-2-of-4.bin";
    REQUIRE(std::filesystem::exists(kept));
    CHECK(results::read_whole_file(kept) == "second host's");
}

TEST_CASE("the hosts whose part is missing are counted", "[campaign]") {
    CHECK(hosts_without_part({{0, 1}}).empty());
    CHECK(hosts_without_part({{0, 2}, {1, 2}}).empty());
    CHECK(hosts_without_part({{0, 4}, {2, 4}}) == Numbers{2, 4});
    CHECK(hosts_without_part({{0, 4}}) == Numbers{2, 3, 4});
}
