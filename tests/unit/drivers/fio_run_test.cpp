// SPDX-License-Identifier: Apache-2.0
// fio as a process, played by a script: what it prints, how it ends and when.
#include "drivers/api/errors.h"
#include "drivers/fio/fio_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using Catch::Contains;
using namespace drivers::fio;
using namespace std::chrono_literals;

namespace {

// The only program there is, for the length of a test: "fio", which does what the script says.
class PlayedFio {
public:
    explicit PlayedFio(const std::string& script) {
        if (const char* path = ::getenv("PATH")) { // NOLINT(concurrency-mt-unsafe): one thread.
            path_ = path;
        }
        if (!script.empty()) {
            const std::string file = folder_.path() + "/fio";
            std::ofstream(file) << "#!/bin/sh\n" << script << "\n";
            ::chmod(file.c_str(), 0700);
        }
        ::setenv("PATH", folder_.path().c_str(), 1); // NOLINT(concurrency-mt-unsafe)
    }
    ~PlayedFio() { ::setenv("PATH", path_.c_str(), 1); } // NOLINT(concurrency-mt-unsafe)
    PlayedFio(const PlayedFio&) = delete;
    PlayedFio& operator=(const PlayedFio&) = delete;

    const std::string& folder() const { return folder_.path(); }

private:
    tests::ScratchFolder folder_;
    std::string path_;
};

JobFile job_file() {
    JobFile out;
    out.filename = "/srv/lun";
    out.runtime = 1s;
    Job job;
    job.name = "read";
    job.mode = "randread";
    job.read_blocks = {{4096, 100}};
    job.size_bytes = 1U << 20U;
    out.jobs.push_back(job);
    return out;
}

std::string printing(const std::string& version = "3.33", const std::string& error = "0") {
    return R"(echo '{"fio version": "fio-)" + version +
           R"(", "jobs": [{"jobname": "read", "error": )" + error +
           R"(, "read": {"io_bytes": 40960, "iops": 10.0, "runtime": 1000, "total_ios": 10,
          "short_ios": 0, "drop_ios": 0, "lat_ns": {"min": 900, "max": 1100, "mean": 1000.0,
          "N": 10, "bins": {"1000": 10}}}}]}')";
}

template <typename Error>
std::string complaint(const std::string& script, drivers::Duration patience = 10s) {
    const PlayedFio fio(script);
    try {
        (void)run(job_file(), patience);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("fio gets the job on its input, asked for json+, and is believed if all is well",
          "[fio]") {
    const PlayedFio fio("echo \"$@\" > ${0}.words\nwhile read -r line; do echo \"$line\" >> "
                        "${0}.job; done\necho 'fio: a warning of sorts'\n" +
                        printing());
    const Result result = run(job_file(), 10s);
    CHECK(result.jobs.at(0).directions.at("read").total_ios == 10);
    CHECK_THAT(result.text_before, Contains("a warning of sorts"));
    const auto said = [&](const std::string& what) {
        std::ifstream in(fio.folder() + "/fio." + what);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    CHECK_THAT(said("words"), Contains("--output-format=json+"));
    CHECK(said("job") == job_text(job_file()));
}

TEST_CASE("a failure is found with exit status 0, and an exit status is one too", "[fio]") {
    CHECK_THAT(complaint<drivers::ArrayError>(printing("3.33", "5") + "\nexit 0"),
               Contains("job read failed"));
    CHECK_THAT(complaint<drivers::ArrayError>(printing() + "\necho 'no such file' >&2\nexit 1"),
               Contains("exit status 1: no such file"));
    CHECK_THAT(complaint<drivers::ArrayError>("kill -SEGV $$"), Contains("signal 11"));
    CHECK_THAT(complaint<ResultError>("echo fio: nothing to do"), Contains("no JSON"));
}

TEST_CASE("an old fio, a missing one and one that does not end are this host's trouble", "[fio]") {
    CHECK_THAT(complaint<drivers::HostError>(printing("3.32")), Contains("3.33 or newer"));
    CHECK(complaint<drivers::HostError>(printing("3.40")).empty());
    CHECK_THAT(complaint<drivers::HostError>(""), Contains("Debian package fio"));
    CHECK_THAT(complaint<drivers::HostError>("while :; do :; done", 100ms),
               Contains("ended by force"));
}
