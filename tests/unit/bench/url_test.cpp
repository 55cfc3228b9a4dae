// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/url.h"
#include "drivers/api/errors.h"

#include <catch2/catch.hpp>

using bench::plan::parse_url;
using bench::plan::Url;
using bench::plan::UrlKind;

namespace {

std::string complaint(const std::string& text) {
    try {
        (void)parse_url(text);
    } catch (const drivers::UsageError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("an iSCSI URL names portal, target and LUN", "[url]") {
    const Url url = parse_url("iscsi://10.1.2.3:3261/iqn.2006-08.com.huawei:oceanstor:1/7");
    CHECK(url.kind == UrlKind::iscsi);
    REQUIRE(url.portals.size() == 1);
    CHECK(url.portals[0].host == "10.1.2.3");
    CHECK(url.portals[0].port == 3261);
    CHECK(url.target == "iqn.2006-08.com.huawei:oceanstor:1");
    CHECK(url.unit == 7);
    CHECK(url.names_unit());
}

TEST_CASE("ports have the defaults of their protocols", "[url]") {
    CHECK(parse_url("iscsi://a/iqn.x/0").portals[0].port == 3260);
    CHECK(parse_url("nvme+tcp://a/nqn.2014-08.org:x/1").portals[0].port == 4420);
}

TEST_CASE("a URL may name only a portal, an IPv6 portal, several portals, and a user", "[url]") {
    CHECK_FALSE(parse_url("iscsi://array-a:3260").names_unit());
    CHECK(parse_url("iscsi://[fe80::1]:3270/iqn.x/0").portals[0].host == "fe80::1");
    const Url two = parse_url("iscsi://bench@10.0.0.1,10.0.0.2:3261/iqn.x/3");
    REQUIRE(two.portals.size() == 2);
    CHECK(two.portals[1].text() == "10.0.0.2:3261");
    CHECK(two.user == "bench");
}

TEST_CASE("every URL reads back from its own text", "[url]") {
    for (const char* text : {"iscsi://bench@[::1]:3260,b:3261/iqn.x:a%25b/12",
                             "iscsi://a:3260",
                             "nvme+tcp://h:4420/nqn.2014-08.org:x/4",
                             "file:/tmp/a",
                             "memory:size=1GiB,block=4KiB,cache=volatile,serial=abc",
                             "null:size=1TiB"}) {
        INFO(text);
        CHECK(parse_url(text).text() == text);
    }
    CHECK(parse_url("/dev/sdb").text() == "file:/dev/sdb");
}

TEST_CASE("a secret in a URL is refused and not repeated", "[url]") {
    for (const char* text :
         {"iscsi://bench:hunter2hunter2@a/iqn.x/0", "iscsi://bench%hunter2hunter2@a/iqn.x/0"}) {
        const std::string what = complaint(text);
        CHECK(what.find("secret") != std::string::npos);
        CHECK(what.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("a wrong URL is refused with what was wanted", "[url]") {
    CHECK(complaint("scsi://a").find("wanted iscsi://") != std::string::npos);
    CHECK(complaint("").find("wanted iscsi://") != std::string::npos);
    CHECK(complaint("iscsi://a:0/iqn.x/0").find("port") != std::string::npos);
    CHECK(complaint("iscsi://a:99999/iqn.x/0").find("port") != std::string::npos);
    CHECK(complaint("iscsi://::1/iqn.x/0").find("brackets") != std::string::npos);
    CHECK(complaint("iscsi://[::1/iqn.x/0").find("bracket") != std::string::npos);
    CHECK(complaint("iscsi:///iqn.x/0").find("host") != std::string::npos);
    CHECK(complaint("iscsi://a/target/0").find("iSCSI name") != std::string::npos);
    CHECK(complaint("iscsi://a//0").find("/IQN/LUN") != std::string::npos);
    CHECK(complaint("iscsi://a/iqn.x/lun0").find("LUN between") != std::string::npos);
    CHECK(complaint("iscsi://a/iqn.x/16384").find("LUN between") != std::string::npos);
    CHECK(complaint("iscsi://a/iqn.x%/0").find("hexadecimal") != std::string::npos);
    CHECK(complaint("iscsi://a/iqn.x/0?header_digest=crc32c").find("options") != std::string::npos);
    CHECK(complaint("iscsi://a/iqn.x/0?data_digest=1").find("libiscsi") != std::string::npos);
    CHECK(complaint("nvme+tcp://a/nqn.x/1?data_digest=1&").find("options") != std::string::npos);
    CHECK(complaint("nvme+tcp://a/nqn.x/1#data_digest=1").find("'#'") != std::string::npos);
    CHECK(complaint("nvme+tcp://a/nqn.x/0").find("namespace id") != std::string::npos);
    CHECK(complaint("memory:size=1x").find("unit") != std::string::npos);
    CHECK(complaint("memory:size=1000B").find("multiple") != std::string::npos);
    CHECK(complaint("memory:").find("size=") != std::string::npos);
    CHECK(complaint("null:size=1TiB,block=4KiB").find("size= only") != std::string::npos);
    CHECK(complaint("file:relative").find("absolute") != std::string::npos);
    CHECK(complaint("iscsi://a b/iqn.x/0").find("blanks") != std::string::npos);
}

TEST_CASE("a URL may demand digests and may name a target without a LUN", "[url]") {
    const Url both = parse_url("nvme+tcp://[::1]:4420/nqn.x/300?data_digest=1&header_digest=1");
    CHECK(both.header_digest);
    CHECK(both.data_digest);
    CHECK(both.unit == 300);
    CHECK(both.text() == "nvme+tcp://[::1]:4420/nqn.x/300?header_digest=1&data_digest=1");
    CHECK(parse_url(both.text()).data_digest);
    CHECK_FALSE(parse_url("iscsi://a/iqn.x/0?header_digest=0").header_digest);
    CHECK(parse_url("iscsi://a/iqn.x/0?header_digest=1").header_digest);
    const Url target = parse_url("nvme+tcp://a/nqn.x?header_digest=1");
    CHECK(target.target == "nqn.x");
    CHECK(target.lists_units);
    CHECK_FALSE(target.names_unit());
    CHECK(target.text() == "nvme+tcp://a:4420/nqn.x?header_digest=1");
}
