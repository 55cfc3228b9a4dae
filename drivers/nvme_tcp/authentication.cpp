// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/authentication.h"

#include "drivers/api/errors.h"
#include "drivers/wire/nvme_auth_message.h"
#include "drivers/wire/nvme_auth_secret.h"
#include "drivers/wire/nvme_fabrics.h"

#include <fmt/format.h>
#include <optional>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

constexpr std::uint32_t receive_bytes = 4096;
constexpr std::uint8_t no_secure_channel = 0;

nvme::AuthSecret secret_of(const std::string& text, const char* whose) {
    auto secret = nvme::parse_auth_secret(text);
    if (!secret) {
        throw UsageError(
            fmt::format("the {}'s NVMe secret cannot be read: wanted \"DHHC-1:hh:...:\" "
                        "with a key of 32, 48 or 64 bytes and its checksum",
                        whose));
    }
    return *secret;
}

// One transaction on one queue.
class Transaction {
public:
    Transaction(Queue& queue, const Settings& settings, Clock& clock, TimePoint deadline)
        : queue_(queue)
        , settings_(settings)
        , clock_(clock)
        , deadline_(deadline)
        , host_(secret_of(settings.host_secret, "host")) {
        const auto number = nvme::random_bytes(2);
        identifier_ = static_cast<std::uint16_t>(std::to_integer<unsigned>(number[0]) << 8 |
                                                 std::to_integer<unsigned>(number[1]));
        if (!settings.controller_secret.empty()) {
            controller_ = secret_of(settings.controller_secret, "controller");
        }
    }

    void run() {
        negotiate();
        const auto challenge = nvme::get_auth_challenge(receive(nvme::AuthMessage::challenge));
        if (!challenge || challenge->transaction != identifier_) {
            fail("the controller's challenge is malformed", nvme::auth_incorrect_payload);
        }
        reply(*challenge);
        const auto end = nvme::get_auth_success1(receive(nvme::AuthMessage::success1),
                                                 nvme::auth_hash_bytes(hash_));
        if (!end || end->transaction != identifier_) {
            fail("the controller's last message is malformed", nvme::auth_incorrect_payload);
        }
        if (controller_) {
            if (!nvme::equal_secrets(end->response, expected_)) {
                fail("the controller does not prove its secret", nvme::auth_failed);
            }
            send(nvme::put_auth_success2(identifier_));
        }
    }

private:
    void negotiate() {
        nvme::AuthNegotiate offer;
        offer.transaction = identifier_;
        offer.secure_channel = no_secure_channel;
        offer.hashes = {nvme::AuthHash::sha256, nvme::AuthHash::sha384, nvme::AuthHash::sha512};
        offer.groups = {nvme::AuthGroup::null,
                        nvme::AuthGroup::ffdhe2048,
                        nvme::AuthGroup::ffdhe3072,
                        nvme::AuthGroup::ffdhe4096,
                        nvme::AuthGroup::ffdhe6144,
                        nvme::AuthGroup::ffdhe8192};
        send(nvme::put_auth_negotiate(offer));
    }

    void reply(const nvme::AuthChallenge& asked) {
        hash_ = asked.hash;
        nvme::AuthReply answer;
        answer.transaction = identifier_;
        std::vector<std::byte> challenge = asked.challenge;
        std::vector<std::byte> session_key;
        if (asked.group != nvme::AuthGroup::null) {
            session_key = exchange(asked, answer.public_value);
            challenge = nvme::augmented_challenge(hash_, session_key, challenge);
        } else if (!asked.public_value.empty()) {
            fail("a public value without a group", nvme::auth_incorrect_payload);
        }
        nvme::AuthProof proof{.hash = hash_,
                              .challenge = challenge,
                              .sequence = asked.sequence,
                              .transaction = identifier_,
                              .secure_channel = no_secure_channel,
                              .role = "HostHost",
                              .own_nqn = settings_.host_nqn,
                              .peer_nqn = settings_.subsystem_nqn};
        answer.response =
            nvme::auth_response(nvme::transformed_key(host_, settings_.host_nqn), proof);
        if (controller_) {
            answer.challenge = nvme::random_bytes(nvme::auth_hash_bytes(hash_));
            answer.sequence = asked.sequence == 0xFFFFFFFFU ? 1 : asked.sequence + 1;
            std::vector<std::byte> theirs = answer.challenge;
            if (!session_key.empty()) {
                theirs = nvme::augmented_challenge(hash_, session_key, theirs);
            }
            proof.challenge = theirs;
            proof.sequence = answer.sequence;
            proof.role = "Controller";
            proof.own_nqn = settings_.subsystem_nqn;
            proof.peer_nqn = settings_.host_nqn;
            expected_ = nvme::auth_response(
                nvme::transformed_key(*controller_, settings_.subsystem_nqn), proof);
        }
        send(nvme::put_auth_reply(answer));
    }

    std::vector<std::byte> exchange(const nvme::AuthChallenge& asked,
                                    std::vector<std::byte>& public_value) {
        try {
            const nvme::AuthExchange ours(asked.group);
            const auto key = ours.session_key(asked.public_value);
            if (key) {
                public_value = ours.public_value();
                return *key;
            }
        } catch (const std::invalid_argument&) {
            fail("the controller chose a group that was not offered", nvme::auth_group_not_usable);
        }
        fail("the controller's public value is none of its group", nvme::auth_incorrect_payload);
    }

    void send(std::vector<std::byte> message) {
        const auto entry = nvme::authentication_command(nvme::fabrics_authentication_send,
                                                        static_cast<std::uint32_t>(message.size()));
        const auto done = queue_.execute(
            {.entry = entry, .data = message, .to_controller = true}, clock_, deadline_);
        if (!done.is_good()) {
            throw ArrayError("NVMe/TCP authentication: " + nvme::status_text(done.status_code()));
        }
    }

    std::vector<std::byte> receive(nvme::AuthMessage wanted) {
        std::vector<std::byte> message(receive_bytes);
        const auto entry =
            nvme::authentication_command(nvme::fabrics_authentication_receive, receive_bytes);
        const auto done = queue_.execute({.entry = entry, .data = message}, clock_, deadline_);
        if (!done.is_good()) {
            throw ArrayError("NVMe/TCP authentication: " + nvme::status_text(done.status_code()));
        }
        const auto type = nvme::auth_message_type(message);
        if (type == nvme::AuthMessage::failure1) {
            throw ArrayError(fmt::format("NVMe/TCP authentication: the controller refuses this "
                                         "host (explanation {:#04x})",
                                         nvme::get_auth_failure(message)));
        }
        if (type != wanted) {
            fail("the controller answers with another message than its turn has",
                 nvme::auth_incorrect_message);
        }
        return message;
    }

    [[noreturn]] void fail(const char* why, std::uint8_t explanation) {
        try {
            send(nvme::put_auth_failure(nvme::AuthMessage::failure2, identifier_, explanation));
        } catch (const ArrayError&) {
            throw SecurityError(fmt::format("NVMe/TCP authentication: {}", why));
        }
        throw SecurityError(fmt::format("NVMe/TCP authentication: {}", why));
    }

    Queue& queue_;
    const Settings& settings_;
    Clock& clock_;
    TimePoint deadline_;
    nvme::AuthSecret host_;
    std::optional<nvme::AuthSecret> controller_;
    std::uint16_t identifier_ = 0;
    nvme::AuthHash hash_ = nvme::AuthHash::sha256;
    std::vector<std::byte> expected_; // What the controller has to answer.
};

} // namespace

void authenticate(Queue& queue, const Settings& settings, Clock& clock, TimePoint deadline) {
    Transaction(queue, settings, clock, deadline).run();
}

} // namespace drivers::nvme_tcp
