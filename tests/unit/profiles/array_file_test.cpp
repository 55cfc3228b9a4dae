// SPDX-License-Identifier: Apache-2.0
#include "profiles/array_file.h"
#include "profiles/file_error.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

namespace {

std::string shipped(const std::string& name) {
    std::ifstream in(tests::source_dir() + "/profiles/arrays/" + name);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string complaint(const std::string& text) {
    try {
        profiles::parse_array(text, "a.json");
    } catch (const profiles::FileError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("every shipped array file is read, has two controllers and says what it is", "[array]") {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(tests::source_dir() + "/profiles/arrays")) {
        INFO(entry.path().string());
        const auto array = profiles::read_array(entry.path().string());
        CHECK(array.purpose.size() > 40);
        if (array.real) { // An example to be filled in.
            CHECK_FALSE(array.real->unique_id.empty());
            continue;
        }
        REQUIRE(array.emulated);
        CHECK(array.emulated->controllers == 2);
        CHECK(array.emulated->portals.size() >= 2);
        CHECK_FALSE(array.egress_policy.empty());
        ++count;
    }
    CHECK(count >= 4);
}

TEST_CASE("an OceanStor V5 with an NVMe path is refused and told why", "[array]") {
    const std::string text = shipped("oceanstor-6800-v5.json");
    CHECK(complaint(text).empty());
    const std::string emulated = complaint(with(text, "\"iscsi\"", "\"nvme_tcp\""));
    CHECK_THAT(emulated, Contains("/emulated/portals/0/transport"));
    CHECK_THAT(emulated, Contains("not NVMe"));

    const std::string real = R"({"$schema": "arraybench/array/v1", "name": "lab-b",
        "identity": {"vendor": "HUAWEI", "product": "XSG1", "revision": "4305", "serial": "1",
                     "generation": "OceanStor 6800 V5"},
        "real": {"urls": ["nvme+tcp://10.0.0.1/nqn.2020-02.huawei.nvme:x/1"]}})";
    CHECK_THAT(complaint(real), Contains("not NVMe"));
    CHECK(complaint(with(real,
                         "nvme+tcp://10.0.0.1/nqn.2020-02.huawei.nvme:x/1",
                         "iscsi://10.0.0.1/iqn.2006-08.com.huawei:x/1"))
              .empty());
}

TEST_CASE("what cannot be meant in an array file is refused at its place", "[array]") {
    const std::string text = shipped("plain.json");
    CHECK_THAT(complaint(with(text, "\"size\": \"16GiB\"", "\"size\": \"16\"")),
               Contains("/emulated/volumes/0/size"));
    CHECK_THAT(complaint(with(text, "\"owner\": 1", "\"owner\": 2")),
               Contains("/emulated/volumes/1/owner"));
    CHECK_THAT(complaint(with(text, "\"controllers\"", "\"controlers\"")), Contains("controllers"));
    CHECK_THAT(complaint(with(
                   text, "62f0a1b2c3d4e5f60000000000000002", "62f0a1b2c3d4e5f60000000000000001")),
               Contains("stands twice"));
    CHECK_THAT(complaint(with(text, "62f0a1b2", "62F0A1B2")), Contains("lower-case"));
    CHECK_THAT(complaint(with(text, "\"ARRBENCH\"", "\"ARRAYBENCH\"")), Contains("1 to 8"));
    CHECK_THAT(complaint(with(text, "\"emulated\"", "\"emulatd\"")), Contains("emulated"));
    CHECK_THAT(complaint(with(text, "\"symmetric\"", "\"symetric\"")),
               Contains("did you mean \"symmetric\""));
}

TEST_CASE("secrets are referred to, never written down", "[array]") {
    const std::string text = shipped("plain.json");
    const std::string tag = "\"group_tag\": 1";
    const auto array = profiles::parse_array(
        with(text,
             tag,
             tag + R"(, "chap": {"user": "bench", "secret": {"environment": "CHAP_SECRET"}})"),
        "a.json");
    REQUIRE(array.emulated->portals[0].chap);
    CHECK(array.emulated->portals[0].chap->secret.environment == "CHAP_SECRET");
    CHECK_THAT(complaint(with(text, tag, tag + R"(, "chap": {"user": "bench", "secret": "1234"})")),
               Contains("/emulated/portals/0/chap/secret"));
    const std::string real = R"({"$schema": "arraybench/array/v1", "name": "b",
        "real": {"urls": ["iscsi://user%secret@10.0.0.1/iqn.2006-08.com.huawei:x/1"]}})";
    CHECK_THAT(complaint(real), Contains("without user or secret"));
}

TEST_CASE("a real array's sessions may be held to digests, data digests over NVMe/TCP only",
          "[array]") {
    const auto with_digests = [](const std::string& scheme, const std::string& more) {
        return R"({"$schema": "arraybench/array/v1", "name": "b",
            "real": {"urls": [")" +
               scheme + R"("])" + more + "}}";
    };
    const std::string nvme = "nvme+tcp://10.0.0.1/nqn.2020-02.org.x:x/1";
    const auto both = profiles::parse_array(
        with_digests(nvme, R"(, "header_digest": true, "data_digest": true)"), "a.json");
    CHECK(both.real->header_digest);
    CHECK(both.real->data_digest);
    CHECK_FALSE(profiles::parse_array(with_digests(nvme, ""), "a.json").real->header_digest);
    const std::string iscsi = "iscsi://10.0.0.1/iqn.2020-02.org.x:x/1";
    CHECK(profiles::parse_array(with_digests(iscsi, R"(, "header_digest": true)"), "a.json")
              .real->header_digest);
    CHECK_THAT(complaint(with_digests(iscsi, R"(, "data_digest": true)")),
               Contains("/real/data_digest"));
}

TEST_CASE("a port's tap may name the interface that marker frames are sent on", "[array]") {
    const auto text = [](const std::string& ports) {
        return R"({"$schema": "arraybench/array/v1", "name": "lab-b",
                   "real": {"urls": ["iscsi://10.0.0.1/iqn.2020-02.org.x:x/1"]}, "ports": [)" +
               ports + "]}";
    };
    const auto port = [](const std::string& more) {
        return R"({"name": "A.data", "kind": "data")" + more + "}";
    };
    const std::string watched = R"(, "watched_by": "tap0", "markers_from": "eth3")";
    const auto array = profiles::parse_array(text(port(watched)), "a.json");
    CHECK(array.ports[0].markers_from == "eth3");
    CHECK(array.ports[0].markers_to == profiles::broadcast_address);
    const auto aimed = profiles::parse_array(
        text(port(watched + R"(, "markers_to": "24:a9:37:00:00:1f")")), "a.json");
    CHECK(aimed.ports[0].markers_to ==
          std::array<std::uint8_t, 6>{0x24, 0xA9, 0x37, 0x00, 0x00, 0x1F});

    CHECK_THAT(complaint(text(port(R"(, "markers_from": "eth3")"))), Contains("watched_by"));
    CHECK_THAT(complaint(text(port(R"(, "watched_by": "tap0", "markers_to": "24:a9:37:0:0:1")"))),
               Contains("markers_from"));
    for (const char* address : {"24:a9:37:00:00",
                                "24:a9:37:00:00:1",
                                "24:a9:37:00:00:1g",
                                "24-a9-37-00-00-01",
                                "24:a9:37:00:00:01:02",
                                ""}) {
        CHECK_THAT(complaint(text(port(watched + R"(, "markers_to": ")" + address + "\""))),
                   Contains("/ports/0/markers_to"));
    }
    for (const char* name : {"", "an-interface-name", "../eth3"}) {
        CHECK_THAT(complaint(text(port(R"(, "watched_by": "tap0", "markers_from": ")" +
                                       std::string(name) + "\""))),
                   Contains("/ports/0/markers_from"));
    }
    // Whatever a mirror loses, the sending interface sees it.
    CHECK_THAT(complaint(text(port(R"(, "watched_by": "tap0", "markers_from": "tap0")"))),
               Contains("another interface than \"tap0\""));
    CHECK_THAT(complaint(text(port(watched) + R"(, {"name": "B.data", "kind": "data",
                              "watched_by": "eth3"})")),
               Contains("another interface than \"eth3\""));
    CHECK_THAT(complaint(with(shipped("plain.json"),
                              R"("watched_by": "lo")",
                              R"("watched_by": "lo", "markers_from": "eth3")")),
               Contains("laboratory"));
}
