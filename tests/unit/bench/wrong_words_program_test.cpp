// SPDX-License-Identifier: Apache-2.0
// What people type by mistake: refused at once, in words that say what was wanted.
#include "results/whole_file.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/streams_run.h"

#include <catch2/catch.hpp>

using tests::code_with_streams;
using tests::StreamEnd;

namespace {

struct Mistake {
    std::vector<std::string> words;
    const char* answer;
    int code = 2;
};

const std::string lun = "memory:size=64MiB";

const std::vector<Mistake> mistakes = {
    {{"verfy"}, "did you mean \"verify\""},
    {{"load", ""}, "wanted iscsi://"},
    {{"load", "memory:size=99999999999TiB"}, "wanted size= with a unit"},
    {{"load", lun, "--rw=randraed"}, "wanted one of randread"},
    {{"load", lun, "--bs=4kk"}, "wanted a size like 4k"},
    {{"load", lun, "--iodepth=99999999999999"}, "load --help shows what is wanted"},
    {{"load", lun, "--iodepth=-1"}, "--iodepth: \"-1\": wanted a whole number from 0 on"},
    {{"load", lun, "--seed=-1"}, "--seed: \"-1\": wanted a whole number from 0 on"},
    {{"load", lun, "--seed= -7"}, "wanted a whole number from 0 on"},
    {{"load", lun, "--numjobs=-18446744073709551615"}, "wanted a whole number from 0 on"},
    {{"load", lun, "--rwmixread=-0"}, "wanted a whole number from 0 on"},
    {{"load", lun, "--canary-lun=-4294967295"}, "wanted a whole number from 0 on"},
    {{"load", lun, "--write_iolog_version=-4294967293"}, "wanted a whole number from 0 on"},
    {{"load", lun, "--size=-1"}, "wanted a size like 4k"},
    {{"run", "x.json", "--seed=-1"}, "--seed: \"-1\": wanted a whole number from 0 on"},
    {{"run", "x.json", "--see=-1"}, "--seed: \"-1\": wanted a whole number from 0 on"},
    {{"fio-job", "a", "b", "--depth=-1"}, "wanted a whole number from 0 on"},
    {{"fio-job", "a", "b", "--seed=-1"}, "wanted a whole number from 0 on"},
    {{"egress", "x", "--flows-max=-1"}, "wanted a whole number from 0 on"},
    {{"load", lun, "--runtime="}, "load --help shows what is wanted"},
    {{"load", lun, "--runtime=1e30"}, "wanted a time like"},
    {{"load", lun, "--rate_iops=\u00fcnf"}, "\u00fcnf"},
    {{"load", lun, "extra"}, "load --help"},
    {{"load", lun, "--workload=/tmp"}, "/tmp: is a folder; wanted a JSON file"},
    {{"load", lun, "--trace=/tmp"}, "wanted a trace file"},
    {{"load", "file:/tmp"}, "wanted a block device or a regular file"},
    {{"load", "iscsi://127.0.0.1:99999/iqn.x:y/0"}, "wanted a port between"},
    {{"load", "nvme+tcp://127.0.0.1:1/nqn.x/1"}, "Connection refused", 3},
    {{"plan", ""}, "an empty name"},
    {{"plan", "/tmp"}, "is a folder"},
    {{"run", "--resume", ""}, "an empty name: wanted a run's folder"},
    {{"run", "a", "b"}, "wanted one PLAN.json, got 2"},
    {{"report", "/tmp", "--format", "htm"}, "wanted one of csv"},
    {{"import", ""}, "an empty name"},
    {{"import", "/tmp"}, "is a folder; wanted a file"},
    {{"import", "/dev/null"}, "not a regular file"},
    {{"compare", "--margin", "x"}, "compare --help shows what is wanted"},
    {{"egress", "/tmp"}, "wanted a pcap or pcapng file"},
    {{"interception", "/tmp"}, "is a folder"},
    {{"fio-job", "one"}, "wanted WORKLOAD.json and TARGET"},
    {{"array", "/tmp"}, "is a folder"},
    {{"self-test", "quickly"}, "wanted options only"},
    {{"verify-data", "/nonexistent", lun}, "there is no such folder"},
    {{"probe", "iscsi://"}, "wanted a host name"}};

} // namespace

TEST_CASE("a mistake at the command line is answered with what was wanted", "[words]") {
    const tests::ScratchFolder folder;
    const std::string err = folder.path() + "/err";
    for (const Mistake& mistake : mistakes) {
        INFO(mistake.words[0] << " " << mistake.words.back());
        CHECK(code_with_streams(mistake.words, {}, {StreamEnd::file, err}) == mistake.code);
        CHECK_THAT(results::read_whole_file(err),
                   Catch::StartsWith("arraybench: ") && Catch::Contains(mistake.answer) &&
                       !Catch::Contains("internal error"));
    }
}
