// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/nvme_authenticator.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <array>

namespace drivers::array {

namespace nvme = wire::nvme;

namespace {

nvme::AuthSecret secret_of(const std::string& text) {
    auto secret = nvme::parse_auth_secret(text);
    if (!secret) {
        throw UsageError("an NVMe secret of the emulated array cannot be read: wanted "
                         "\"DHHC-1:hh:...:\" with a key of 32, 48 or 64 bytes and its checksum");
    }
    return *secret;
}

} // namespace

NvmeAuthenticator::NvmeAuthenticator(const std::string& host_secret,
                                     const std::string& controller_secret,
                                     std::string host_nqn,
                                     std::string subsystem_nqn)
    : host_(secret_of(host_secret))
    , host_nqn_(std::move(host_nqn))
    , subsystem_nqn_(std::move(subsystem_nqn)) {
    if (!controller_secret.empty()) {
        controller_ = secret_of(controller_secret);
    }
}

void NvmeAuthenticator::refuse(std::uint8_t explanation) noexcept {
    stage_ = Stage::failure;
    explanation_ = explanation;
}

bool NvmeAuthenticator::take(std::span<const std::byte> message) {
    const auto type = nvme::auth_message_type(message);
    if (type == nvme::AuthMessage::failure2) {
        stage_ = Stage::failed;
        return true;
    }
    if (stage_ == Stage::negotiate && type == nvme::AuthMessage::negotiate) {
        on_negotiate(message);
        return true;
    }
    if (stage_ == Stage::reply && type == nvme::AuthMessage::reply) {
        on_reply(message);
        return true;
    }
    if (stage_ == Stage::confirmation && type == nvme::AuthMessage::success2) {
        stage_ = Stage::done;
        return true;
    }
    return false;
}

void NvmeAuthenticator::on_negotiate(std::span<const std::byte> message) {
    const auto offer = nvme::get_auth_negotiate(message);
    transaction_ = nvme::auth_transaction(message);
    if (!offer || offer->secure_channel != 0) {
        refuse(offer ? nvme::auth_protocol_not_usable : nvme::auth_incorrect_payload);
        return;
    }
    const auto known = [](nvme::AuthHash hash) {
        return nvme::auth_hash_bytes(hash) != 0;
    };
    const auto hash = std::find_if(offer->hashes.begin(), offer->hashes.end(), known);
    if (hash == offer->hashes.end()) {
        refuse(nvme::auth_hash_not_usable);
        return;
    }
    // The smallest real group that is offered, else none.
    constexpr std::array preference{nvme::AuthGroup::ffdhe2048,
                                    nvme::AuthGroup::ffdhe3072,
                                    nvme::AuthGroup::ffdhe4096,
                                    nvme::AuthGroup::ffdhe6144,
                                    nvme::AuthGroup::ffdhe8192,
                                    nvme::AuthGroup::null};
    const auto group = std::find_first_of(
        preference.begin(), preference.end(), offer->groups.begin(), offer->groups.end());
    if (group == preference.end()) {
        refuse(nvme::auth_group_not_usable);
        return;
    }
    secure_channel_ = offer->secure_channel;
    challenge_.transaction = transaction_;
    challenge_.hash = *hash;
    challenge_.group = *group;
    challenge_.sequence = 1;
    challenge_.challenge = nvme::random_bytes(nvme::auth_hash_bytes(*hash));
    if (*group != nvme::AuthGroup::null) {
        exchange_.emplace(*group);
        challenge_.public_value = exchange_->public_value();
    }
    stage_ = Stage::challenge;
}

std::vector<std::byte> NvmeAuthenticator::prove(std::span<const std::byte> key,
                                                std::span<const std::byte> challenge,
                                                std::uint32_t sequence,
                                                bool controller) const {
    std::vector<std::byte> used(challenge.begin(), challenge.end());
    if (!session_key_.empty()) {
        used = nvme::augmented_challenge(challenge_.hash, session_key_, challenge);
    }
    return nvme::auth_response(key,
                               {.hash = challenge_.hash,
                                .challenge = used,
                                .sequence = sequence,
                                .transaction = transaction_,
                                .secure_channel = secure_channel_,
                                .role = controller ? "Controller" : "HostHost",
                                .own_nqn = controller ? subsystem_nqn_ : host_nqn_,
                                .peer_nqn = controller ? host_nqn_ : subsystem_nqn_});
}

void NvmeAuthenticator::on_reply(std::span<const std::byte> message) {
    const auto reply = nvme::get_auth_reply(message, nvme::auth_hash_bytes(challenge_.hash));
    if (!reply || reply->transaction != transaction_ ||
        reply->public_value.empty() == exchange_.has_value()) {
        refuse(nvme::auth_incorrect_payload);
        return;
    }
    if (exchange_) {
        const auto key = exchange_->session_key(reply->public_value);
        if (!key) {
            refuse(nvme::auth_incorrect_payload);
            return;
        }
        session_key_ = *key;
    }
    const auto wanted = prove(
        nvme::transformed_key(host_, host_nqn_), challenge_.challenge, challenge_.sequence, false);
    const bool asks_back = !reply->challenge.empty();
    if (!nvme::equal_secrets(wanted, reply->response) || (asks_back && !controller_)) {
        refuse(nvme::auth_failed);
        return;
    }
    if (asks_back) {
        answer_ = prove(nvme::transformed_key(*controller_, subsystem_nqn_),
                        reply->challenge,
                        reply->sequence,
                        true);
    }
    stage_ = Stage::success;
}

std::vector<std::byte> NvmeAuthenticator::give() {
    switch (stage_) {
    case Stage::challenge:
        stage_ = Stage::reply;
        return nvme::put_auth_challenge(challenge_);
    case Stage::success:
        stage_ = answer_.empty() ? Stage::done : Stage::confirmation;
        return nvme::put_auth_success1({.transaction = transaction_, .response = answer_},
                                       nvme::auth_hash_bytes(challenge_.hash));
    case Stage::failure:
        stage_ = Stage::failed;
        return nvme::put_auth_failure(nvme::AuthMessage::failure1, transaction_, explanation_);
    default:
        return {};
    }
}

} // namespace drivers::array
