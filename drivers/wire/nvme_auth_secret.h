// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/nvme_auth_message.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The arithmetic of DH-HMAC-CHAP: NVM Express Base Specification 2.0, section 8.13.5.
namespace drivers::wire::nvme {

// A secret in its text form (section 8.13.5.8): "DHHC-1:hh:base64:", hh the hash that the key is
// transformed with (00: none), base64 the key of 32, 48 or 64 bytes with its CRC-32 behind it.
struct AuthSecret {
    AuthHash transform = AuthHash::none;
    std::vector<std::byte> key;
};
std::optional<AuthSecret> parse_auth_secret(std::string_view text);
std::string auth_secret_text(const AuthSecret& secret);

// The key as it is used for the owner with this NQN: HMAC(key, NQN || "NVMe-over-Fabrics"), or the
// key itself without a transformation.
std::vector<std::byte> transformed_key(const AuthSecret& secret, std::string_view nqn);

// What both sides put under the key; `role` is "HostHost" or "Controller".
struct AuthProof {
    AuthHash hash = AuthHash::sha256;
    std::span<const std::byte> challenge; // With a DH group: augmented.
    std::uint32_t sequence = 0;
    std::uint16_t transaction = 0;
    std::uint8_t secure_channel = 0;
    std::string_view role;
    std::string_view own_nqn; // Of the side that proves itself.
    std::string_view peer_nqn;
};
std::vector<std::byte> auth_response(std::span<const std::byte> key, const AuthProof& proof);

// Ca = HMAC(H(session key), C).
std::vector<std::byte> augmented_challenge(AuthHash hash,
                                           std::span<const std::byte> session_key,
                                           std::span<const std::byte> challenge);

std::vector<std::byte> random_bytes(std::size_t count);
bool equal_secrets(std::span<const std::byte> a, std::span<const std::byte> b) noexcept;

// One side's ephemeral key of a finite field group (RFC 7919).
class AuthExchange {
public:
    explicit AuthExchange(AuthGroup group); // Throws std::invalid_argument: no such group.
    ~AuthExchange();
    AuthExchange(AuthExchange&&) noexcept;
    AuthExchange& operator=(AuthExchange&&) noexcept;

    std::vector<std::byte> public_value() const; // As long as the group's prime.
    // No value: the peer's public value is none of this group.
    std::optional<std::vector<std::byte>> session_key(std::span<const std::byte> peer) const;

private:
    struct Key;
    std::unique_ptr<Key> key_;
};

} // namespace drivers::wire::nvme
