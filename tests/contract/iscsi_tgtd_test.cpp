// SPDX-License-Identifier: Apache-2.0
// The iSCSI driver against a foreign target. Skipped where tgtd is not installed.
#include "bench/plan/driver_assembly.h"
#include "bench/plan/iscsi_assembly.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/contract/tgtd.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <thread>

using bench::plan::DriverOptions;
using bench::plan::parse_url;
using drivers::Status;
using drivers::iscsi::IscsiDriver;
using namespace std::chrono_literals;

namespace {

drivers::MonotonicClock& clock_of_test() {
    static drivers::MonotonicClock clock;
    return clock;
}

bool skipped() {
    if (!tests::Tgtd::present()) {
        WARN("LEFT OUT: tgtd is not installed, or not for this user");
        return true;
    }
    return false;
}

tests::ContractSubject subject_of(const tests::Tgtd& target, bool header_digest) {
    tests::ContractSubject subject;
    subject.cannot_be_exchanged = "this target is not told to; the emulated array is";
    subject.open = [&target, header_digest](std::size_t depth) {
        DriverOptions options;
        options.depth = depth;
        options.header_digest = header_digest;
        return bench::plan::open_driver(parse_url(target.url(1)), options, clock_of_test());
    };
    return subject;
}

drivers::Request read_request(std::vector<std::byte>& buffer, std::uint64_t tag) {
    drivers::Request request;
    request.tag = tag;
    request.range = {0, buffer.size() / 512};
    request.data = buffer;
    return request;
}

} // namespace

TEST_CASE("the iSCSI driver keeps the contract against tgtd", "[contract][iscsi][tgtd]") {
    if (skipped()) {
        return;
    }
    const tests::Tgtd target;
    REQUIRE(target.running());
    tests::check_block_driver_contract(subject_of(target, false));
}

TEST_CASE("the iSCSI driver keeps the contract with header digests", "[contract][iscsi][tgtd]") {
    if (skipped()) {
        return;
    }
    const tests::Tgtd target;
    REQUIRE(target.running());
    CHECK_THROWS_AS(subject_of(target, true).open(1), drivers::ArrayError); // It says None.
    target.tell(
        {"--op", "update", "--mode", "target", "--tid", "1", "-n", "HeaderDigest", "-v", "CRC32C"});
    tests::check_block_driver_contract(subject_of(target, true));
    const auto report = bench::plan::probe_lun(
        parse_url(target.url(1)),
        [] {
            DriverOptions options;
            options.header_digest = true;
            return options;
        }(),
        clock_of_test());
    const std::pair<std::string, std::string> digest("HeaderDigest", "CRC32C");
    CHECK(std::count(report.negotiated.begin(), report.negotiated.end(), digest) == 1);
}

TEST_CASE("probe says who a tgtd LUN is, and lists its targets", "[contract][iscsi][tgtd]") {
    if (skipped()) {
        return;
    }
    const tests::Tgtd target;
    const auto report =
        bench::plan::probe_lun(parse_url(target.url(1)), DriverOptions{}, clock_of_test());
    CHECK(report.identity.vendor == "IET");
    CHECK(report.identity.unique_id == "60000000000000000e00000000010001");
    CHECK(report.geometry.block_bytes == 512);
    CHECK(report.geometry.block_count == 524288);
    CHECK(report.thin);
    CHECK(report.reserved_by.empty());
    const auto found = bench::plan::find_targets(
        parse_url("iscsi://" + target.portal()), DriverOptions{}, clock_of_test());
    REQUIRE(found.size() == 1);
    CHECK(found[0].target == "iqn.2001-04.org.tgt:contract");
    CHECK_THROWS_AS(
        bench::plan::probe_lun(parse_url(target.url(7)), DriverOptions{}, clock_of_test()),
        drivers::ArrayError);
}

TEST_CASE("CHAP and mutual CHAP let in who knows the secrets and nobody else",
          "[contract][iscsi][tgtd]") {
    if (skipped()) {
        return;
    }
    const tests::Tgtd target;
    target.tell(
        {"--op", "new", "--mode", "account", "--user", "bench", "--password", "initiator-secret"});
    target.tell({"--op", "bind", "--mode", "account", "--tid", "1", "--user", "bench"});
    target.tell(
        {"--op", "new", "--mode", "account", "--user", "array", "--password", "target-secret-1"});
    target.tell(
        {"--op", "bind", "--mode", "account", "--tid", "1", "--user", "array", "--outgoing"});
    setenv("TEST_CHAP", "initiator-secret", 1);
    setenv("TEST_MUTUAL", "target-secret-1", 1);
    setenv("TEST_WRONG", "something-else-1", 1);
    const auto try_with = [&](const char* secret, const char* mutual) {
        DriverOptions options;
        options.chap_user = secret == nullptr ? "" : "bench";
        options.chap_secret.environment = secret == nullptr ? "" : secret;
        options.mutual_user = mutual == nullptr ? "" : "array";
        options.mutual_secret.environment = mutual == nullptr ? "" : mutual;
        bench::plan::open_driver(parse_url(target.url(1)), options, clock_of_test());
    };
    CHECK_NOTHROW(try_with("TEST_CHAP", nullptr));
    CHECK_NOTHROW(try_with("TEST_CHAP", "TEST_MUTUAL"));
    CHECK_THROWS_AS(try_with(nullptr, nullptr), drivers::ArrayError);
    CHECK_THROWS_AS(try_with("TEST_WRONG", nullptr), drivers::ArrayError);
    CHECK_THROWS_AS(try_with("TEST_CHAP", "TEST_WRONG"), drivers::ArrayError);
    CHECK_THROWS_AS(try_with("TEST_UNSET_SECRET", nullptr), drivers::UsageError);
}

TEST_CASE("an array that cannot prove itself is refused when mutual CHAP is wanted",
          "[contract][iscsi][tgtd]") {
    if (skipped()) {
        return;
    }
    const tests::Tgtd target; // Knows nobody and proves nothing.
    setenv("TEST_CHAP", "initiator-secret", 1);
    setenv("TEST_MUTUAL", "target-secret-1", 1);
    DriverOptions options;
    options.chap_user = "bench";
    options.chap_secret.environment = "TEST_CHAP";
    options.mutual_user = "array";
    options.mutual_secret.environment = "TEST_MUTUAL";
    CHECK_THROWS_AS(bench::plan::open_driver(parse_url(target.url(1)), options, clock_of_test()),
                    drivers::ArrayError);
}

TEST_CASE("a frozen array times out unfenced, and is fenced once it is back",
          "[contract][iscsi][tgtd]") {
    if (skipped()) {
        return;
    }
    const tests::Tgtd target;
    auto settings = bench::plan::iscsi_settings(parse_url(target.url(1)), 0, DriverOptions{});
    settings.command_timeout = 300ms;
    settings.abort_timeout = 200ms;
    IscsiDriver driver(settings, clock_of_test());
    std::vector<std::byte> buffer(4096);
    target.freeze();
    drivers::Request write = read_request(buffer, 1);
    write.op = drivers::Op::write;
    const auto begin = std::chrono::steady_clock::now();
    const drivers::Completion late = tests::run_one(driver, write);
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    CHECK(late.status == Status::timed_out);
    CHECK_FALSE(late.fenced);
    CHECK(driver.fences() == 0);
    CHECK(driver.access() == drivers::Access::down);
    CHECK_FALSE(driver.submit(read_request(buffer, 2)));
    target.thaw();
    std::array<drivers::Completion, 1> none{};
    for (int i = 0; i < 2000 && driver.fences() == 0; ++i) {
        CHECK(driver.poll(none) == 0);
        std::this_thread::sleep_for(5ms); // Another process has to come back to life.
    }
    CHECK(driver.fences() == 1);
    CHECK(driver.counts().sessions_reinstated == 1);
    CHECK(tests::run_one(driver, read_request(buffer, 3)).status == Status::good);
}

TEST_CASE("an array that never comes back is given up in time", "[contract][iscsi][tgtd]") {
    if (skipped()) {
        return;
    }
    const tests::Tgtd target;
    auto settings = bench::plan::iscsi_settings(parse_url(target.url(1)), 0, DriverOptions{});
    settings.command_timeout = 200ms;
    settings.abort_timeout = 100ms;
    settings.login_timeout = 300ms;
    settings.reconnect_timeout = 500ms;
    settings.depth = 4;
    IscsiDriver driver(settings, clock_of_test());
    target.freeze();
    std::vector<std::vector<std::byte>> buffers(4, std::vector<std::byte>(4096));
    for (std::uint64_t tag = 0; tag < 4; ++tag) {
        REQUIRE(driver.submit(read_request(buffers[tag], tag)));
    }
    std::vector<int> answers(4, 0);
    for (int i = 0; i < 4; ++i) {
        const drivers::Completion done = tests::wait_for_one(driver);
        CHECK((done.status == Status::timed_out || done.status == Status::lost));
        ++answers.at(done.tag);
    }
    CHECK(answers == std::vector<int>(4, 1));
    std::array<drivers::Completion, 1> none{};
    const auto begin = std::chrono::steady_clock::now();
    while (!driver.submit(read_request(buffers[0], 9))) {
        REQUIRE(std::chrono::steady_clock::now() - begin < 5s);
        driver.poll(none);
        std::this_thread::sleep_for(2ms);
    }
    CHECK(tests::wait_for_one(driver).status == Status::lost);
    CHECK(driver.trouble().find("not reinstated") != std::string::npos);
    target.thaw();
}
