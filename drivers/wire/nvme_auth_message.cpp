// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/nvme_auth_message.h"

#include "drivers/wire/little_endian.h"

#include <algorithm>

namespace drivers::wire::nvme {

namespace {

constexpr std::size_t header_bytes = 16; // Of challenge, reply, success1 and success2.
constexpr std::size_t negotiate_header_bytes = 8;
constexpr std::size_t descriptor_bytes = 64;
constexpr std::size_t identifiers_at = 4; // Of a descriptor: hashes, then groups at +30.
constexpr std::size_t groups_at = identifiers_at + 30;
constexpr std::size_t identifiers_max = 30;
constexpr std::uint8_t protocol_dh_hmac_chap = 1;
constexpr std::size_t public_value_bytes_max = 1024; // ffdhe8192

std::vector<std::byte> begin(AuthMessage type, std::uint16_t transaction, std::size_t bytes) {
    std::vector<std::byte> out(bytes);
    out[0] = static_cast<std::byte>(static_cast<unsigned>(type) >> 8);
    out[1] = static_cast<std::byte>(static_cast<unsigned>(type) & 0xFF);
    put_le(std::span(out), 4, transaction);
    return out;
}

void append(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

std::vector<std::byte> copy(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

std::uint8_t byte_at(std::span<const std::byte> bytes, std::size_t at) noexcept {
    return std::to_integer<std::uint8_t>(bytes[at]);
}

bool is_type(std::span<const std::byte> message, AuthMessage type, std::size_t bytes) noexcept {
    return message.size() >= bytes && auth_message_type(message) == type;
}

} // namespace

std::size_t auth_hash_bytes(AuthHash hash) noexcept {
    switch (hash) {
    case AuthHash::sha256:
        return 32;
    case AuthHash::sha384:
        return 48;
    case AuthHash::sha512:
        return 64;
    case AuthHash::none:
        break;
    }
    return 0;
}

std::optional<AuthMessage> auth_message_type(std::span<const std::byte> message) noexcept {
    if (message.size() < negotiate_header_bytes) {
        return std::nullopt;
    }
    const auto type = static_cast<AuthMessage>(byte_at(message, 0) << 8 | byte_at(message, 1));
    switch (type) {
    case AuthMessage::negotiate:
    case AuthMessage::challenge:
    case AuthMessage::reply:
    case AuthMessage::success1:
    case AuthMessage::success2:
    case AuthMessage::failure1:
    case AuthMessage::failure2:
        return type;
    }
    return std::nullopt;
}

std::uint16_t auth_transaction(std::span<const std::byte> message) noexcept {
    return message.size() < negotiate_header_bytes ? std::uint16_t{0}
                                                   : get_le<std::uint16_t>(message, 4);
}

std::vector<std::byte> put_auth_negotiate(const AuthNegotiate& values) {
    auto out = begin(
        AuthMessage::negotiate, values.transaction, negotiate_header_bytes + descriptor_bytes);
    out[6] = std::byte{values.secure_channel};
    out[7] = std::byte{1}; // NAPD: one protocol descriptor.
    const auto descriptor = std::span(out).subspan(negotiate_header_bytes);
    descriptor[0] = std::byte{protocol_dh_hmac_chap};
    descriptor[2] = static_cast<std::byte>(values.hashes.size());
    descriptor[3] = static_cast<std::byte>(values.groups.size());
    for (std::size_t i = 0; i < values.hashes.size(); ++i) {
        descriptor[identifiers_at + i] = static_cast<std::byte>(values.hashes[i]);
    }
    for (std::size_t i = 0; i < values.groups.size(); ++i) {
        descriptor[groups_at + i] = static_cast<std::byte>(values.groups[i]);
    }
    return out;
}

std::optional<AuthNegotiate> get_auth_negotiate(std::span<const std::byte> message) {
    if (!is_type(message, AuthMessage::negotiate, negotiate_header_bytes + descriptor_bytes) ||
        byte_at(message, 7) == 0) {
        return std::nullopt;
    }
    const auto descriptor = message.subspan(negotiate_header_bytes, descriptor_bytes);
    const std::size_t hashes = byte_at(descriptor, 2);
    const std::size_t groups = byte_at(descriptor, 3);
    if (byte_at(descriptor, 0) != protocol_dh_hmac_chap || hashes > identifiers_max ||
        groups > identifiers_max) {
        return std::nullopt;
    }
    AuthNegotiate values;
    values.transaction = auth_transaction(message);
    values.secure_channel = byte_at(message, 6);
    for (std::size_t i = 0; i < hashes; ++i) {
        values.hashes.push_back(static_cast<AuthHash>(byte_at(descriptor, identifiers_at + i)));
    }
    for (std::size_t i = 0; i < groups; ++i) {
        values.groups.push_back(static_cast<AuthGroup>(byte_at(descriptor, groups_at + i)));
    }
    return values;
}

std::vector<std::byte> put_auth_challenge(const AuthChallenge& values) {
    auto out = begin(AuthMessage::challenge, values.transaction, header_bytes);
    out[6] = static_cast<std::byte>(values.challenge.size());
    out[8] = static_cast<std::byte>(values.hash);
    out[9] = static_cast<std::byte>(values.group);
    put_le(std::span(out), 10, static_cast<std::uint16_t>(values.public_value.size()));
    put_le(std::span(out), 12, values.sequence);
    append(out, values.challenge);
    append(out, values.public_value);
    return out;
}

std::optional<AuthChallenge> get_auth_challenge(std::span<const std::byte> message) {
    if (!is_type(message, AuthMessage::challenge, header_bytes)) {
        return std::nullopt;
    }
    AuthChallenge values;
    values.transaction = auth_transaction(message);
    values.hash = static_cast<AuthHash>(byte_at(message, 8));
    values.group = static_cast<AuthGroup>(byte_at(message, 9));
    values.sequence = get_le<std::uint32_t>(message, 12);
    const std::size_t hash_bytes = byte_at(message, 6);
    const std::size_t public_bytes = get_le<std::uint16_t>(message, 10);
    if (hash_bytes == 0 || hash_bytes != auth_hash_bytes(values.hash) ||
        public_bytes > public_value_bytes_max ||
        message.size() < header_bytes + hash_bytes + public_bytes) {
        return std::nullopt;
    }
    values.challenge = copy(message.subspan(header_bytes, hash_bytes));
    values.public_value = copy(message.subspan(header_bytes + hash_bytes, public_bytes));
    return values;
}

// Response and challenge fields are there in any case; a challenge that is not valid is zero.
std::vector<std::byte> put_auth_reply(const AuthReply& values) {
    auto out = begin(AuthMessage::reply, values.transaction, header_bytes);
    out[6] = static_cast<std::byte>(values.response.size());
    out[8] = values.challenge.empty() ? std::byte{0} : std::byte{1}; // CVALID
    put_le(std::span(out), 10, static_cast<std::uint16_t>(values.public_value.size()));
    put_le(std::span(out), 12, values.sequence);
    append(out, values.response);
    std::vector<std::byte> challenge = values.challenge;
    challenge.resize(values.response.size());
    append(out, challenge);
    append(out, values.public_value);
    return out;
}

std::optional<AuthReply> get_auth_reply(std::span<const std::byte> message,
                                        std::size_t hash_bytes) {
    if (!is_type(message, AuthMessage::reply, header_bytes) || byte_at(message, 6) != hash_bytes) {
        return std::nullopt;
    }
    const std::size_t public_bytes = get_le<std::uint16_t>(message, 10);
    if (public_bytes > public_value_bytes_max ||
        message.size() < header_bytes + 2 * hash_bytes + public_bytes) {
        return std::nullopt;
    }
    AuthReply values;
    values.transaction = auth_transaction(message);
    values.sequence = get_le<std::uint32_t>(message, 12);
    values.response = copy(message.subspan(header_bytes, hash_bytes));
    if (byte_at(message, 8) == 1) {
        values.challenge = copy(message.subspan(header_bytes + hash_bytes, hash_bytes));
    }
    values.public_value = copy(message.subspan(header_bytes + 2 * hash_bytes, public_bytes));
    return values;
}

std::vector<std::byte> put_auth_success1(const AuthSuccess1& values, std::size_t hash_bytes) {
    auto out = begin(AuthMessage::success1, values.transaction, header_bytes);
    out[6] = static_cast<std::byte>(hash_bytes);
    out[8] = values.response.empty() ? std::byte{0} : std::byte{1}; // RVALID
    append(out, values.response);
    return out;
}

std::optional<AuthSuccess1> get_auth_success1(std::span<const std::byte> message,
                                              std::size_t hash_bytes) {
    if (!is_type(message, AuthMessage::success1, header_bytes)) {
        return std::nullopt;
    }
    AuthSuccess1 values;
    values.transaction = auth_transaction(message);
    if (byte_at(message, 8) == 1) {
        if (byte_at(message, 6) != hash_bytes || message.size() < header_bytes + hash_bytes) {
            return std::nullopt;
        }
        values.response = copy(message.subspan(header_bytes, hash_bytes));
    }
    return values;
}

std::vector<std::byte> put_auth_success2(std::uint16_t transaction) {
    return begin(AuthMessage::success2, transaction, header_bytes);
}

std::vector<std::byte>
put_auth_failure(AuthMessage type, std::uint16_t transaction, std::uint8_t explanation) {
    auto out = begin(type, transaction, negotiate_header_bytes);
    out[6] = std::byte{1}; // Authentication failure.
    out[7] = std::byte{explanation};
    return out;
}

std::uint8_t get_auth_failure(std::span<const std::byte> message) noexcept {
    return message.size() < negotiate_header_bytes ? std::uint8_t{0} : byte_at(message, 7);
}

} // namespace drivers::wire::nvme
