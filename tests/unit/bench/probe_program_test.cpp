// SPDX-License-Identifier: Apache-2.0
// `arraybench probe` as a person types it, against an array in a process of its own.
#include "tests/fakes/array_process.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using tests::ArrayProcess;
using tests::ProgramRun;
using tests::ScratchFolder;

namespace {

struct Answer {
    int code = -1;
    std::string out;
    std::string err;
};

Answer probe(std::vector<std::string> arguments) {
    const ScratchFolder folder;
    arguments.insert(arguments.begin(), "probe");
    ProgramRun program(arguments, folder.path());
    Answer out;
    out.code = program.wait();
    out.out = program.out();
    out.err = program.err();
    return out;
}

std::string portal_of(const std::string& url) { // scheme://host:port
    return url.substr(0, url.find('/', url.find("//") + 2));
}

} // namespace

TEST_CASE("probe says who a LUN is over either transport", "[cli][probe]") {
    const ArrayProcess array;
    for (const std::size_t path : {0U, 2U}) {
        const std::string url = array.urls()[path];
        CAPTURE(url);
        const Answer text = probe({url});
        CHECK(text.code == 0);
        CHECK(text.out.find(ArrayProcess::unique_id) != std::string::npos);
        CHECK(text.out.find("64MiB (131072 blocks of 512 bytes)") != std::string::npos);
        const Answer json = probe({url, "--format", "json"});
        REQUIRE(json.code == 0);
        const nlohmann::json report = nlohmann::json::parse(json.out);
        CHECK(report.at("identity").at("unique_id") == ArrayProcess::unique_id);
        CHECK(report.at("geometry").at("block_count") == 131072);
        CHECK_FALSE(report.at("paths").empty());
        CHECK_FALSE(report.at("negotiated").empty());
    }
}

TEST_CASE("probe of a portal lists what can be reached through it", "[cli][probe]") {
    const ArrayProcess array;
    const Answer iscsi = probe({portal_of(array.urls()[0])});
    CHECK(iscsi.code == 0);
    CHECK(iscsi.out.find("iqn.2026-01.org.arraybench:test") != std::string::npos);
    const Answer nvme = probe({portal_of(array.urls()[2]), "--format", "json"});
    CHECK(nvme.code == 0);
    CHECK(nvme.out.find("nqn.2026-01.org.arraybench:test") != std::string::npos);
}

TEST_CASE("probe says what is wrong, and by its exit code whose fault it is", "[cli][probe]") {
    const ArrayProcess array;
    const std::string url = array.urls()[0];
    const Answer stranger = probe({portal_of(url) + "/iqn.2026-01.org.arraybench:other/0"});
    CHECK(stranger.code == 3);
    CHECK_FALSE(stranger.err.empty());
    const Answer no_lun = probe({url.substr(0, url.rfind('/')) + "/77"});
    CHECK(no_lun.code == 3);
    const Answer nobody = probe({"iscsi://127.0.0.1:1/iqn.2026-01.org.arraybench:test/0"});
    CHECK(nobody.code == 3);
    CHECK(nobody.err.find("127.0.0.1:1") != std::string::npos);
    CHECK(probe({"iscsi:/127.0.0.1"}).code == 2);
    CHECK(probe({}).code == 2);
    CHECK(probe({url, "--format", "yaml"}).code == 2);
}
