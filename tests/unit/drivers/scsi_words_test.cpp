// SPDX-License-Identifier: Apache-2.0
// What ends mean, which of them pass, and where LUNs are.
#include "drivers/iscsi/destination.h"
#include "drivers/iscsi/session_news.h"
#include "drivers/wire/end_words.h"
#include "drivers/wire/lun_list.h"
#include "drivers/wire/scsi_advice.h"
#include "drivers/wire/scsi_sense.h"

#include <catch2/catch.hpp>

using namespace drivers::wire;
using drivers::iscsi::Destination;
using drivers::iscsi::NewsScope;
using drivers::iscsi::read_news;
using drivers::iscsi::SessionNews;
using scsi::Advice;

TEST_CASE("ends are said in the words of their standard", "[scsi_words]") {
    CHECK(end_words(0).empty());
    CHECK(sense_text(0) == "no sense");
    CHECK_THAT(sense_text(scsi::residual_underflow), Catch::StartsWith("residual underflow"));
    CHECK(sense_text(0x18000000) == "SCSI status 18 (RESERVATION CONFLICT)");
    CHECK(sense_text(0x99000000) == "SCSI status 99 (a status that no standard names)");
    CHECK(sense_text(0x0281) == "NVMe status 2/81 (Unrecovered Read Error)");
    CHECK(sense_text(0x0083) == "NVMe status 0/83 (Reservation Conflict)");
    CHECK(sense_text(0x0081) == "NVMe status 0/81 (Capacity Exceeded: the thin pool is exhausted)");
    CHECK(sense_text(0x0777) == "NVMe status 7/77 (a status that is not known here)");
    CHECK(sense_text(0x031100) == "sense 031100 (MEDIUM ERROR: unrecovered read error)");
    CHECK_THAT(end_words(0x072707), Catch::StartsWith("DATA PROTECT: space allocation failed"));
    CHECK(end_words(0x072700) == "DATA PROTECT: write protected");
    CHECK(end_words(0x0b8001) == "ABORTED COMMAND: additional sense 80/01");
    CHECK(end_words(0x040000) == "HARDWARE ERROR");
    CHECK(end_words(0x0f1234) == "sense key f: additional sense 12/34");
    CHECK(end_words(0x99000000) == "a status that no standard names");
    CHECK_THAT(end_words(scsi::residual_underflow), Catch::Contains("residual underflow"));
    CHECK_THAT(end_words(scsi::residual_overflow), Catch::Contains("residual overflow"));
    CHECK(end_words(0x0281) == "Unrecovered Read Error");
    CHECK(end_words(0x0777) == "a status that is not known here");
}

TEST_CASE("what passes by itself is told from what stands", "[scsi_words]") {
    for (const int status : {0x08, 0x28, 0x40}) {
        CHECK(scsi::advice_of(static_cast<std::uint8_t>(status), 0) == Advice::later);
    }
    for (const int status : {0x00, 0x04, 0x18, 0x30}) {
        CHECK(scsi::advice_of(static_cast<std::uint8_t>(status), 0) == Advice::none);
    }
    CHECK(scsi::advice_of(0x02, 0x062900) == Advice::again);
    for (const std::uint32_t sense : {0x020401U, 0x020407U, 0x02040aU, 0x020414U, 0x02041dU}) {
        CHECK(scsi::advice_of(0x02, sense) == Advice::later);
    }
    for (const std::uint32_t sense :
         {0x020400U, 0x020402U, 0x020403U, 0x020404U, 0x02040bU, 0x02040cU, 0x030401U, 0x0b4401U}) {
        CHECK(scsi::advice_of(0x02, sense) == Advice::none);
    }
    for (const std::uint32_t sense : {0x063f03U,
                                      0x063f0eU,
                                      0x063f05U,
                                      0x062a09U,
                                      0x062900U,
                                      0x062907U,
                                      0x062a01U,
                                      0x062a06U,
                                      0x063807U,
                                      0x069999U,
                                      0x052500U,
                                      0x052100U,
                                      0x023a00U,
                                      0x023a01U}) {
        CHECK(scsi::casts_doubt(sense));
    }
    for (const std::uint32_t sense :
         {0U, 0x053f03U, 0x052000U, 0x052501U, 0x02040bU, 0x033a00U, 0x072700U}) {
        CHECK_FALSE(scsi::casts_doubt(sense));
    }
}

TEST_CASE("LUN fields are read in every form", "[scsi_words]") {
    CHECK(scsi::plain_lun(0x0005000000000000) == 5);
    CHECK(scsi::plain_lun(0x4005000000000000) == 5);
    CHECK(scsi::plain_lun(0x7fff000000000000) == 16383);
    CHECK_FALSE(scsi::plain_lun(0x0105000000000000)); // Another bus.
    CHECK_FALSE(scsi::plain_lun(0x0005000100000000)); // Another level.
    CHECK_FALSE(scsi::plain_lun(0xc101000000000000));
    CHECK(scsi::lun_field_text(0xc101000000000000) == "0xc101 (well known: REPORT LUNS)");
    CHECK(scsi::lun_field_text(0xd201000200000000) == "0xd2010002 (extended flat: 65538)");
    CHECK(scsi::lun_field_text(0x0001000200000000) == "0x0001000200000000 (in several levels)");
    const auto bytes = [](std::initializer_list<int> values) {
        std::vector<std::byte> out;
        for (const int value : values) {
            out.push_back(static_cast<std::byte>(value));
        }
        return out;
    };
    CHECK_FALSE(scsi::parse_lun_list(bytes({0, 0, 0, 8})));
    const auto cut = scsi::parse_lun_list(
        bytes({0, 0, 0, 24, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x41, 2, 0, 0, 0, 0, 0, 0, 9}));
    REQUIRE(cut);
    CHECK(cut->count == 3);
    REQUIRE(cut->fields.size() == 2);
    CHECK(scsi::plain_lun(cut->fields[1]) == 258);
}

TEST_CASE("a temporary move ends with its session, a permanent one stays while it answers",
          "[scsi_words]") {
    Destination place("group:3260");
    REQUIRE(place.follow({"member:1", false}));
    CHECK(place.now() == "member:1");
    place.stands();
    place.lost();
    CHECK(place.now() == "group:3260");

    REQUIRE(place.follow({"new:1", true}));
    place.stands();
    place.lost();
    CHECK(place.now() == "new:1");
    place.failed();
    CHECK(place.now() == "group:3260"); // Nobody is there: back to what was given.
    place.failed();
    CHECK(place.now() == "group:3260");

    REQUIRE(place.follow({"new:1", true}));
    REQUIRE(place.follow({"member:2", true})); // Of the new home, again for good.
    place.lost();
    CHECK(place.now() == "member:2");
    REQUIRE(place.follow({"member:3", false}));
    place.failed();
    CHECK(place.now() == "member:2");

    for (int i = 0; i < Destination::hops_max; ++i) {
        CHECK(place.follow({"circle:1", false}));
    }
    CHECK_FALSE(place.follow({"circle:1", false}));
}

TEST_CASE("a name keeps the address that it was found at", "[scsi_words]") {
    Destination place("array-a:3260");
    place.found_at("10.0.0.5:3260");
    REQUIRE(place.follow({"10.0.0.6:3260", false}));
    place.found_at("10.0.0.6:3260");
    place.lost();
    CHECK(place.now() == "10.0.0.5:3260");
}

TEST_CASE("news is read from the library's log", "[scsi_words]") {
    SessionNews news;
    read_news(2, "target requests logout within 3 seconds"); // Nobody listens.
    {
        const NewsScope listening(news);
        read_news(6, "TargetLoginReply: HeaderDigest=CRC32C [iqn.x]");
        read_news(6, "TargetLoginReply: CHAP_C=0x1234 [iqn.x]");
        read_news(2, "reconnect initiated [iqn.x]");
        CHECK_FALSE(news.is_leaving);
        read_news(2, "target will drop this connection. Time2Wait is 7 seconds [iqn.x]");
        CHECK(news.is_leaving);
        CHECK(news.time_to_wait == std::chrono::seconds(7));
        CHECK_FALSE(news.has_given_up);
        CHECK(news.scsi_events == 0);
        read_news(2, "Ignoring received iSCSI AsyncMsg/SCSI Async Event [iqn.x]");
        CHECK(news.scsi_events == 1);
        read_news(2, "reconnect deferred, cancelling all tasks [iqn.x]");
        CHECK(news.has_given_up);
    }
    REQUIRE(news.keys.size() == 1);
    CHECK(news.keys[0] == std::pair<std::string, std::string>{"HeaderDigest", "CRC32C"});
}
