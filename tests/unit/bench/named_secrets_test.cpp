// SPDX-License-Identifier: Apache-2.0
// What is named to keep strangers out and cannot be used as asked ends with 2 before anything is
// connected: never with less than was asked for.
#include "bench/plan/driver_assembly.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "results/whole_file.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace bench::plan;

namespace {

// Nobody listens there: whoever connects hears of it by an ArrayError.
constexpr const char* iscsi_url = "iscsi://127.0.0.1:1/iqn.2026-01.org.none:a/1";
constexpr const char* nvme_url = "nvme+tcp://127.0.0.1:1/nqn.2026-01.org.none:a/1";
constexpr const char* nvme_secret =
    "DHHC-1:00:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+KfiaR:"; // 00 to 1f.

enum class Ends : std::uint8_t { usage, tried };

Ends opening(const char* url, const DriverOptions& options) {
    drivers::MonotonicClock clock;
    DriverOptions quick = options;
    quick.login_timeout = std::chrono::milliseconds(500);
    try {
        (void)open_driver(parse_url(url), quick, clock);
        FAIL("it opened");
    } catch (const drivers::UsageError& error) {
        CHECK_THAT(error.what(), !Catch::Contains("secret12345"));
        return Ends::usage;
    } catch (const drivers::ArrayError&) {
        return Ends::tried;
    }
    return Ends::tried;
}

// A file with one line.
struct SecretFile {
    explicit SecretFile(const std::string& line) { results::write_whole_file(path(), line); }
    std::string path() const { return folder.path() + "/secret"; }
    tests::ScratchFolder folder;
};

struct Variable {
    Variable(const char* which, const char* value)
        : name(which) {
        ::setenv(which, value, 1);
    }
    ~Variable() { ::unsetenv(name); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    const char* name;
};

} // namespace

TEST_CASE("a secret over NVMe/TCP is one, or an error", "[plan][secrets]") {
    const SecretFile plain("hostsecret12345\n");
    const SecretFile empty("\n");
    const SecretFile good(std::string(nvme_secret) + "\n");
    DriverOptions options;
    CHECK(opening(nvme_url, options) == Ends::tried); // None is named.
    for (const std::string& bad : {plain.path(), empty.path(), std::string("/nowhere/secret")}) {
        INFO(bad);
        options.chap_secret = {bad, "", true};
        options.mutual_secret = {};
        CHECK(opening(nvme_url, options) == Ends::usage);
        options.chap_secret = {good.path(), "", true};
        options.mutual_secret = {bad, "", true};
        CHECK(opening(nvme_url, options) == Ends::usage);
    }
    options.mutual_secret = {good.path(), "", true};
    CHECK(opening(nvme_url, options) == Ends::tried);
    options.chap_secret = {};
    CHECK(opening(nvme_url, options) == Ends::usage); // The array's alone.
    options.mutual_secret = {};
    options.chap_secret = {"", "ARRAYBENCH_NO_SUCH_VARIABLE", true};
    CHECK(opening(nvme_url, options) == Ends::usage); // Named, and not there.
    options = {};
    options.chap_user = "host"; // And no secret.
    CHECK(opening(nvme_url, options) == Ends::usage);
    options = {};
    options.mutual_user = "array";
    CHECK(opening(nvme_url, options) == Ends::usage);
    options = {};
    const Variable usual("ARRAYBENCH_CHAP_SECRET", "hostsecret12345");
    CHECK(opening(nvme_url, options) ==
          Ends::usage); // In the variable that is looked at by default.
}

TEST_CASE("a secret over iSCSI has a user, and a user a secret", "[plan][secrets]") {
    const SecretFile good("hostsecret12345\n");
    const SecretFile empty("\n");
    DriverOptions options;
    CHECK(opening(iscsi_url, options) == Ends::tried);
    options.chap_user = "host";
    options.chap_secret = {good.path(), "", true};
    CHECK(opening(iscsi_url, options) == Ends::tried);
    options.mutual_user = "array";
    options.mutual_secret = {good.path(), "", true};
    CHECK(opening(iscsi_url, options) == Ends::tried);
    for (const SecretPlace& bad : {SecretPlace{empty.path(), "", true},
                                   SecretPlace{"/nowhere/secret", "", true},
                                   SecretPlace{"", "ARRAYBENCH_NO_SUCH_VARIABLE", true}}) {
        options.chap_secret = bad;
        CHECK(opening(iscsi_url, options) == Ends::usage);
        options.chap_secret = {good.path(), "", true};
        options.mutual_secret = bad;
        CHECK(opening(iscsi_url, options) == Ends::usage);
        options.mutual_secret = {good.path(), "", true};
    }
    options.mutual_user.clear(); // The array's secret, and nobody who has it.
    CHECK(opening(iscsi_url, options) == Ends::usage);
    options.mutual_secret = {};
    options.chap_user.clear();
    CHECK(opening(iscsi_url, options) == Ends::usage);
    options = {};
    options.mutual_user = "array"; // It proves itself only to whoever does so too.
    options.mutual_secret = {good.path(), "", true};
    CHECK(opening(iscsi_url, options) == Ends::usage);
    options = {};
    options.data_digest = true;
    CHECK(opening(iscsi_url, options) == Ends::usage);
}

TEST_CASE("where nobody logs in there are no secrets and no digests", "[plan][secrets]") {
    const SecretFile good("hostsecret12345\n");
    for (const char* url : {"memory:size=1MiB", "null:size=1MiB"}) {
        for (int kind = 0; kind < 5; ++kind) {
            CAPTURE(url, kind);
            DriverOptions options;
            options.chap_user = kind == 0 ? "host" : "";
            options.mutual_user = kind == 1 ? "array" : "";
            options.chap_secret.file = kind == 2 ? good.path() : "";
            options.header_digest = kind == 3;
            options.data_digest = kind == 4;
            CHECK(opening(url, options) == Ends::usage);
        }
        drivers::MonotonicClock clock;
        CHECK_NOTHROW(open_driver(parse_url(url), {}, clock));
    }
}
