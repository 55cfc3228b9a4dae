// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/iscsi_login.h"

#include <catch2/catch.hpp>

#include <map>

using namespace drivers::array;
using namespace drivers::wire;
using iscsi::BasicHeader;

namespace {

constexpr unsigned security_to_operational = 0x81;
constexpr unsigned security = 0x00;
constexpr unsigned operational_to_full = 0x87;
constexpr unsigned operational = 0x04;

using Keys = std::vector<std::pair<std::string, std::string>>;

struct Initiator {
    explicit Initiator(const PortalSettings& settings)
        : login(settings) {}

    LoginAnswer say(unsigned flags, const Keys& keys) {
        std::string text;
        for (const auto& [key, value] : keys) {
            iscsi::append_text(text, key, value);
        }
        return say_raw(flags, text);
    }
    LoginAnswer say_raw(unsigned flags, const std::string& text) {
        BasicHeader request =
            iscsi::make_header(iscsi::Opcode::login_request, static_cast<std::uint8_t>(flags), 7);
        request.set_data_bytes(text.size());
        return login.take(request, std::as_bytes(std::span(text)));
    }
    Login login;
};

std::map<std::string, std::string> read(const LoginAnswer& answer) {
    std::map<std::string, std::string> keys;
    const auto pairs = iscsi::parse_text(std::as_bytes(std::span(answer.text)));
    for (const iscsi::TextPair& pair : pairs.value()) {
        keys.emplace(pair.key, pair.value);
    }
    return keys;
}

PortalSettings open_door() {
    PortalSettings settings;
    settings.name = "iqn.2026-01.test:array";
    settings.group_tag = 3;
    return settings;
}

PortalSettings guarded_door() {
    PortalSettings settings = open_door();
    settings.chap = {"lab", "initiator-secret", "array", "array-secret-42"};
    return settings;
}

const Keys names{{"InitiatorName", "iqn.2026-01.test:host"},
                 {"TargetName", "iqn.2026-01.test:array"},
                 {"SessionType", "Normal"}};

Keys with(Keys keys, const Keys& more) {
    keys.insert(keys.end(), more.begin(), more.end());
    return keys;
}

// Takes the login to where the array's challenge is on the table.
std::map<std::string, std::string> challenge_of(Initiator& host) {
    host.say(security, with(names, {{"AuthMethod", "CHAP,None"}}));
    return read(host.say(security, {{"CHAP_A", "5"}}));
}

std::string answer_to(const std::map<std::string, std::string>& asked, std::string_view secret) {
    const iscsi::ChapChallenge challenge{
        static_cast<std::uint8_t>(iscsi::parse_number(asked.at("CHAP_I")).value()),
        iscsi::parse_binary(asked.at("CHAP_C"), 64).value()};
    return iscsi::hex_binary(iscsi::chap_response(iscsi::ChapAlgorithm::md5, challenge, secret));
}

} // namespace

TEST_CASE("an open door lets in after operational negotiation", "[iscsi_login]") {
    const PortalSettings settings = open_door();
    Initiator host(settings);
    const LoginAnswer first =
        host.say(security_to_operational, with(names, {{"AuthMethod", "CHAP,None"}}));
    REQUIRE(first.status == LoginStatus::success);
    CHECK(read(first).at("AuthMethod") == "None");
    CHECK(read(first).at("TargetPortalGroupTag") == "3");
    CHECK(first.header.flags() == security_to_operational);
    const LoginAnswer second = host.say(operational_to_full,
                                        {{"HeaderDigest", "CRC32C,None"},
                                         {"DataDigest", "None"},
                                         {"InitialR2T", "No"},
                                         {"ImmediateData", "Yes"},
                                         {"MaxBurstLength", "65536"},
                                         {"FirstBurstLength", "262144"},
                                         {"MaxRecvDataSegmentLength", "131072"},
                                         {"MaxConnections", "8"},
                                         {"ErrorRecoveryLevel", "2"},
                                         {"X-nonsense", "1"},
                                         {"MaxOutstandingR2T", "0"}});
    REQUIRE(second.is_complete);
    const auto keys = read(second);
    CHECK(keys.at("HeaderDigest") == "CRC32C");
    CHECK(keys.at("InitialR2T") == "No");
    CHECK(keys.at("MaxConnections") == "1");
    CHECK(keys.at("ErrorRecoveryLevel") == "0");
    CHECK(keys.at("X-nonsense") == "NotUnderstood");
    CHECK(keys.at("MaxOutstandingR2T") == "Reject");
    CHECK(keys.count("MaxRecvDataSegmentLength") == 1);
    const SessionParameters& agreed = host.login.parameters();
    CHECK(agreed.digests.header);
    CHECK_FALSE(agreed.digests.data);
    CHECK(agreed.max_burst_bytes == 65536);
    CHECK(agreed.first_burst_bytes == 65536); // Never above MaxBurstLength.
    CHECK(agreed.peer_segment_bytes == 131072);
}

TEST_CASE("CHAP lets in who knows the secret and nobody else", "[iscsi_login]") {
    const PortalSettings settings = guarded_door();
    Initiator host(settings);
    const auto asked = challenge_of(host);
    const LoginAnswer right =
        host.say(security_to_operational,
                 {{"CHAP_N", "lab"}, {"CHAP_R", answer_to(asked, "initiator-secret")}});
    CHECK(right.status == LoginStatus::success);
    CHECK(host.say(operational_to_full, {}).is_complete);

    Initiator liar(settings);
    const auto asked_again = challenge_of(liar);
    CHECK(asked_again.at("CHAP_C") != asked.at("CHAP_C"));
    CHECK(liar.say(security_to_operational,
                   {{"CHAP_N", "lab"}, {"CHAP_R", answer_to(asked_again, "guess")}})
              .status == LoginStatus::authentication_failure);
    Initiator stranger(settings);
    CHECK(stranger
              .say(security_to_operational,
                   {{"CHAP_N", "who"},
                    {"CHAP_R", answer_to(challenge_of(stranger), "initiator-secret")}})
              .status == LoginStatus::authentication_failure);
}

TEST_CASE("nobody walks around CHAP", "[iscsi_login]") {
    const PortalSettings settings = guarded_door();
    Initiator straight(settings);
    CHECK(straight.say(operational_to_full, names).status == LoginStatus::authentication_failure);
    Initiator without(settings);
    CHECK(without.say(security_to_operational, with(names, {{"AuthMethod", "None"}})).status ==
          LoginStatus::authentication_failure);
    Initiator silent(settings);
    const LoginAnswer waits = silent.say(security_to_operational, names);
    CHECK(waits.status == LoginStatus::success);
    CHECK((waits.header.flags() & 0x80U) == 0); // Not on to the next stage.
    Initiator early(settings);
    early.say(security, with(names, {{"AuthMethod", "CHAP"}}));
    CHECK(early.say(security_to_operational, {{"CHAP_N", "lab"}, {"CHAP_R", "0x00"}}).status ==
          LoginStatus::authentication_failure);
}

TEST_CASE("mutual CHAP proves the array, and is no oracle", "[iscsi_login]") {
    const PortalSettings settings = guarded_door();
    Initiator host(settings);
    const auto asked = challenge_of(host);
    const Keys proof{{"CHAP_N", "lab"}, {"CHAP_R", answer_to(asked, "initiator-secret")}};
    const std::string theirs = "0x000102030405060708090a0b0c0d0e0f";
    const LoginAnswer mutual =
        host.say(security_to_operational, with(proof, {{"CHAP_I", "9"}, {"CHAP_C", theirs}}));
    REQUIRE(mutual.status == LoginStatus::success);
    CHECK(read(mutual).at("CHAP_N") == "array");
    CHECK(read(mutual).at("CHAP_R") ==
          answer_to({{"CHAP_I", "9"}, {"CHAP_C", theirs}}, "array-secret-42"));

    Initiator mirror(settings); // Plays the array's own challenge back.
    const auto played = challenge_of(mirror);
    CHECK(mirror
              .say(security_to_operational,
                   {{"CHAP_N", "lab"},
                    {"CHAP_R", answer_to(played, "initiator-secret")},
                    {"CHAP_I", played.at("CHAP_I")},
                    {"CHAP_C", played.at("CHAP_C")}})
              .status == LoginStatus::authentication_failure);
}

TEST_CASE("logins that lead nowhere are refused", "[iscsi_login]") {
    const PortalSettings settings = open_door();
    CHECK(Initiator(settings).say(security, {{"SessionType", "Normal"}}).status ==
          LoginStatus::missing_parameter);
    CHECK(Initiator(settings)
              .say(security, {{"InitiatorName", "iqn.a"}, {"TargetName", "iqn.other"}})
              .status == LoginStatus::not_found);
    CHECK(Initiator(settings).say(security, with(names, {{"SessionType", "Odd"}})).status !=
          LoginStatus::not_found);
    CHECK(Initiator(settings).say_raw(security, "InitiatorName").status ==
          LoginStatus::initiator_error);
    CHECK(Initiator(settings).say(0x83, names).status == LoginStatus::success); // 0 to 3 is fine.
    CHECK(Initiator(settings).say(0x8A, names).status == LoginStatus::initiator_error); // Stage 2.
    CHECK(Initiator(settings).say(0x84, names).status ==
          LoginStatus::initiator_error); // Backwards.
    CHECK(Initiator(settings).say(0xC1, names).status == LoginStatus::initiator_error); // C and T.
}

TEST_CASE("an endless login ends", "[iscsi_login]") {
    const PortalSettings settings = open_door();
    Initiator talker(settings);
    talker.say(operational, names);
    LoginAnswer answer;
    for (int i = 0; i < 100 && answer.status == LoginStatus::success; ++i) {
        answer = talker.say(operational, {{"ImmediateData", "Yes"}});
    }
    CHECK(answer.status == LoginStatus::initiator_error);

    Initiator hoarder(settings); // Continues one text for ever.
    answer = {};
    for (int i = 0; i < 31 && answer.status == LoginStatus::success; ++i) {
        answer = hoarder.say_raw(0x44, std::string(8192, 'x'));
    }
    CHECK(answer.status == LoginStatus::initiator_error);
}

TEST_CASE("text may come in pieces", "[iscsi_login]") {
    const PortalSettings settings = open_door();
    Initiator host(settings);
    const LoginAnswer piece =
        host.say_raw(0x44, std::string("InitiatorName=iqn.2026-01.test:host\0Target", 42));
    CHECK(piece.status == LoginStatus::success);
    CHECK(piece.text.empty());
    CHECK((piece.header.flags() & 0x80U) == 0);
    CHECK(host.say_raw(operational_to_full, std::string("Name=iqn.2026-01.test:array\0", 28))
              .is_complete);
}
