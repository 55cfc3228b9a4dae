// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/array/nvme_authenticator.h"
#include "drivers/nvme_tcp/nvme_tcp_driver.h"
#include "drivers/wire/nvme_auth_secret.h"
#include "tests/fakes/nvme_array.h"

#include <catch2/catch.hpp>

#include <poll.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace nvme = drivers::wire::nvme;
using drivers::nvme_tcp::NvmeTcpDriver;

namespace {

std::string made_secret(std::uint8_t fill, nvme::AuthHash transform, std::size_t bytes) {
    return nvme::auth_secret_text(
        {.transform = transform, .key = std::vector<std::byte>(bytes, std::byte{fill})});
}

drivers::array::NvmePortalSettings door_with(const std::string& host,
                                             const std::string& controller) {
    drivers::array::NvmePortalSettings door;
    door.subsystems.push_back({.nqn = tests::nvme_array_nqn,
                               .model = "guarded",
                               .luns = {},
                               .host_secret = host,
                               .controller_secret = controller});
    return door;
}

} // namespace

TEST_CASE("a secret that nvme-cli makes is read, and a damaged one is not", "[nvme][auth]") {
    // nvme gen-dhchap-key --secret=00..1f (32 bytes) without and with a transformation.
    const std::string text = "DHHC-1:00:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+KfiaR:";
    const auto secret = nvme::parse_auth_secret(text);
    REQUIRE(secret);
    CHECK(secret->transform == nvme::AuthHash::none);
    REQUIRE(secret->key.size() == 32);
    CHECK(secret->key[31] == std::byte{31});
    CHECK(nvme::auth_secret_text(*secret) == text);
    std::string damaged = text;
    damaged[12] = 'B';
    CHECK_FALSE(nvme::parse_auth_secret(damaged));
    for (const char* wrong : {"",
                              "DHHC-1:00::",
                              "DHHC-1:04:AAEC:",
                              "secret",
                              "DHHC-1:00:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+KfiaR"}) {
        CHECK_FALSE(nvme::parse_auth_secret(wrong));
    }
}

TEST_CASE("two sides of an exchange reach one key", "[nvme][auth]") {
    for (const auto group : {nvme::AuthGroup::ffdhe2048, nvme::AuthGroup::ffdhe3072}) {
        const nvme::AuthExchange a(group);
        const nvme::AuthExchange b(group);
        const auto key = a.session_key(b.public_value());
        REQUIRE(key);
        CHECK(key == b.session_key(a.public_value()));
        // Values that would make the key known to anyone: 0, 1, and none of the group's length.
        std::vector<std::byte> weak(a.public_value().size());
        CHECK_FALSE(a.session_key(weak));
        weak.back() = std::byte{1};
        CHECK_FALSE(a.session_key(weak));
        CHECK_FALSE(a.session_key(std::span(weak).first(16)));
    }
    CHECK_THROWS_AS(nvme::AuthExchange(nvme::AuthGroup::null), std::invalid_argument);
}

TEST_CASE("a host that knows the secret gets in, others do not", "[nvme][auth]") {
    const std::string host = made_secret(0x11, nvme::AuthHash::sha256, 32);
    const std::string controller = made_secret(0x22, nvme::AuthHash::sha384, 48);
    tests::NvmeArray array(tests::nvme_array_settings(), door_with(host, controller));
    auto settings = array.settings();
    SECTION("the right secret") {
        settings.host_secret = host;
        const NvmeTcpDriver driver(settings, array.clock());
        CHECK(driver.geometry().block_count == 131072);
    }
    SECTION("both sides prove themselves") {
        settings.host_secret = host;
        settings.controller_secret = controller;
        const NvmeTcpDriver driver(settings, array.clock());
        CHECK(driver.geometry().block_count == 131072);
    }
    SECTION("no secret") {
        CHECK_THROWS_WITH(NvmeTcpDriver(settings, array.clock()),
                          Catch::Contains("demands authentication"));
    }
    SECTION("another secret") {
        settings.host_secret = made_secret(0x12, nvme::AuthHash::sha256, 32);
        CHECK_THROWS_WITH(NvmeTcpDriver(settings, array.clock()),
                          Catch::Contains("refuses this host"));
    }
    SECTION("a controller that knows another secret") {
        settings.host_secret = host;
        settings.controller_secret = made_secret(0x23, nvme::AuthHash::sha384, 48);
        CHECK_THROWS_WITH(NvmeTcpDriver(settings, array.clock()),
                          Catch::Contains("does not prove its secret"));
    }
    SECTION("what is no secret") {
        settings.host_secret = "DHHC-1:00:tooshort:";
        CHECK_THROWS_AS(NvmeTcpDriver(settings, array.clock()), drivers::UsageError);
    }
}

namespace {

// How a driver ends that was let in by one door, when another stands in its place.
std::pair<drivers::DriverEnd, std::string>
end_behind(const drivers::nvme_tcp::Settings& asked,
           const drivers::array::NvmePortalSettings& first,
           drivers::array::NvmePortalSettings then) {
    drivers::MonotonicClock clock;
    auto array = std::make_unique<tests::NvmeArray>(tests::nvme_array_settings(), first);
    auto settings = asked;
    settings.port = array->port();
    NvmeTcpDriver driver(settings, clock);
    array.reset();
    then.listen = "127.0.0.1:" + std::to_string(settings.port);
    array = std::make_unique<tests::NvmeArray>(tests::nvme_array_settings(), then);
    std::array<drivers::Completion, 4> out{};
    const auto until = clock.now() + std::chrono::seconds(20);
    while (driver.ended() == drivers::DriverEnd::none && driver.reconnects() == 0 &&
           clock.now() < until) {
        (void)driver.poll(out);
        pollfd fd{.fd = driver.wait_fd(), .events = POLLIN, .revents = 0};
        ::poll(&fd, 1, 10);
    }
    return {driver.ended(), std::string(driver.end_reason())};
}

} // namespace

TEST_CASE("who proves nothing any more is not connected to again", "[nvme][auth][security]") {
    using drivers::DriverEnd;
    const std::string host = made_secret(0x11, nvme::AuthHash::sha256, 32);
    const std::string controller = made_secret(0x22, nvme::AuthHash::sha384, 48);
    drivers::nvme_tcp::Settings asked;
    asked.host = "127.0.0.1";
    asked.subsystem_nqn = tests::nvme_array_nqn;
    asked.host_secret = host;
    const auto guarded = door_with(host, controller);
    const auto open = door_with("", "");
    SECTION("the same door again") {
        asked.controller_secret = controller;
        CHECK(end_behind(asked, guarded, guarded).first == DriverEnd::none);
    }
    SECTION("nobody asks for the host's proof") {
        const auto [end, reason] = end_behind(asked, guarded, open);
        CHECK(end == DriverEnd::less_secure);
        CHECK_THAT(reason, Catch::Contains("neither asks for it nor takes it"));
    }
    SECTION("the array proves another secret") {
        asked.controller_secret = controller;
        const auto other = door_with(host, made_secret(0x23, nvme::AuthHash::sha384, 48));
        const auto [end, reason] = end_behind(asked, guarded, other);
        CHECK(end == DriverEnd::less_secure);
        CHECK_THAT(reason, Catch::Contains("does not prove its secret"));
    }
    SECTION("it lets this host no longer in, which is another matter") {
        asked.reconnect_timeout = std::chrono::seconds(1);
        const bool knows_host = GENERATE(true, false);
        asked.controller_secret = knows_host ? controller : ""; // Which it has none of, then.
        const auto other =
            door_with(knows_host ? host : made_secret(0x12, nvme::AuthHash::sha256, 32), "");
        const auto [end, reason] = end_behind(asked, guarded, other);
        CHECK(end == DriverEnd::lost);
        CHECK_THAT(reason, Catch::Contains("refuses this host"));
    }
}

TEST_CASE("a message out of turn gains nothing", "[nvme][auth]") {
    const std::string secret = made_secret(0x11, nvme::AuthHash::none, 32);
    drivers::array::NvmeAuthenticator gate(secret, "", "nqn.host", "nqn.subsystem");
    CHECK(gate.give().empty());
    CHECK_FALSE(gate.take(nvme::put_auth_success2(1)));
    CHECK_FALSE(gate.take(nvme::put_auth_reply({})));
    CHECK_FALSE(gate.take({}));
    CHECK(gate.take(nvme::put_auth_negotiate({.transaction = 1,
                                              .secure_channel = 0,
                                              .hashes = {nvme::AuthHash::sha256},
                                              .groups = {nvme::AuthGroup::null}})));
    CHECK(nvme::auth_message_type(gate.give()) == nvme::AuthMessage::challenge);
    nvme::AuthReply reply;
    reply.transaction = 1;
    reply.response.resize(32);
    CHECK(gate.take(nvme::put_auth_reply(reply)));
    CHECK(nvme::auth_message_type(gate.give()) == nvme::AuthMessage::failure1);
    CHECK(gate.has_failed());
    CHECK_FALSE(gate.is_done());
}
