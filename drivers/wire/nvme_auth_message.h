// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

// Messages of NVMe in-band authentication, DH-HMAC-CHAP: NVM Express Base Specification 2.0,
// section 8.13.5 (first published as technical proposal 8006).
namespace drivers::wire::nvme {

constexpr std::size_t auth_message_bytes_max = 4096;

enum class AuthMessage : std::uint16_t { // AUTH_TYPE << 8 | AUTH_ID
    negotiate = 0x0000,
    challenge = 0x0101,
    reply = 0x0102,
    success1 = 0x0103,
    success2 = 0x0104,
    failure2 = 0x01F0,
    failure1 = 0x01F1
};

enum class AuthHash : std::uint8_t { none = 0, sha256 = 1, sha384 = 2, sha512 = 3 };
enum class AuthGroup : std::uint8_t {
    null = 0,
    ffdhe2048 = 1,
    ffdhe3072 = 2,
    ffdhe4096 = 3,
    ffdhe6144 = 4,
    ffdhe8192 = 5
};

// Reason code explanations of AUTH_Failure (reason code 1, authentication failure).
constexpr std::uint8_t auth_failed = 0x01;
constexpr std::uint8_t auth_protocol_not_usable = 0x02;
constexpr std::uint8_t auth_hash_not_usable = 0x04;
constexpr std::uint8_t auth_group_not_usable = 0x05;
constexpr std::uint8_t auth_incorrect_payload = 0x06;
constexpr std::uint8_t auth_incorrect_message = 0x07;

std::size_t auth_hash_bytes(AuthHash hash) noexcept; // 0 = none such.

// Type of a message; nothing if it is too short to have one or of no known type.
std::optional<AuthMessage> auth_message_type(std::span<const std::byte> message) noexcept;
std::uint16_t auth_transaction(std::span<const std::byte> message) noexcept; // T_ID, byte 4.

struct AuthNegotiate {
    std::uint16_t transaction = 0;
    std::uint8_t secure_channel = 0; // SC_C
    std::vector<AuthHash> hashes;    // In the order of preference.
    std::vector<AuthGroup> groups;
};
std::vector<std::byte> put_auth_negotiate(const AuthNegotiate& values);
std::optional<AuthNegotiate> get_auth_negotiate(std::span<const std::byte> message);

struct AuthChallenge {
    std::uint16_t transaction = 0;
    AuthHash hash = AuthHash::sha256;
    AuthGroup group = AuthGroup::null;
    std::uint32_t sequence = 0;          // S1
    std::vector<std::byte> challenge;    // C1, as long as the hash.
    std::vector<std::byte> public_value; // Empty with the null group.
};
std::vector<std::byte> put_auth_challenge(const AuthChallenge& values);
std::optional<AuthChallenge> get_auth_challenge(std::span<const std::byte> message);

struct AuthReply {
    std::uint16_t transaction = 0;
    std::vector<std::byte> response;     // R1
    std::uint32_t sequence = 0;          // S2; 0 = the controller need not answer.
    std::vector<std::byte> challenge;    // C2; empty = the same.
    std::vector<std::byte> public_value; // Empty with the null group.
};
std::vector<std::byte> put_auth_reply(const AuthReply& values);
std::optional<AuthReply> get_auth_reply(std::span<const std::byte> message, std::size_t hash_bytes);

struct AuthSuccess1 {
    std::uint16_t transaction = 0;
    std::vector<std::byte> response; // R2; empty = none was asked for.
};
std::vector<std::byte> put_auth_success1(const AuthSuccess1& values, std::size_t hash_bytes);
std::optional<AuthSuccess1> get_auth_success1(std::span<const std::byte> message,
                                              std::size_t hash_bytes);

std::vector<std::byte> put_auth_success2(std::uint16_t transaction);
std::vector<std::byte>
put_auth_failure(AuthMessage type, std::uint16_t transaction, std::uint8_t explanation);
std::uint8_t get_auth_failure(std::span<const std::byte> message) noexcept;

} // namespace drivers::wire::nvme
