// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/array/nvme_authenticator.h"
#include "drivers/nvme_tcp/nvme_tcp_driver.h"
#include "drivers/wire/nvme_auth_secret.h"
#include "tests/fakes/nvme_array.h"

#include <catch2/catch.hpp>

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
