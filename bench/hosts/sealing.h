// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bench::hosts {

using SealKey = std::array<unsigned char, 32>;
using PublicKey = std::array<unsigned char, 32>;

struct SealKeys { // Of one end of a link; the other end has them the other way round.
    SealKey sending{};
    SealKey receiving{};
};

// A pair of keys for one meeting (X25519, RFC 7748). Only the public half is ever told to anybody:
// who listens to the launcher's network learns nothing of what the hosts say later.
class MeetingKey {
public:
    MeetingKey(); // Throws HostError.
    ~MeetingKey();
    MeetingKey(MeetingKey&&) noexcept;
    MeetingKey& operator=(MeetingKey&&) = delete;
    MeetingKey(const MeetingKey&) = delete;
    MeetingKey& operator=(const MeetingKey&) = delete;

    const PublicKey& public_key() const noexcept { return public_key_; }
    SealKey shared_with(const PublicKey& other) const; // Throws HostError: no key of anybody.

private:
    struct Pair;
    std::unique_ptr<Pair> pair_;
    PublicKey public_key_{};
};

// HKDF with SHA-256 (RFC 5869): a key for one purpose, fresh with each salt.
SealKey derived_key(const SealKey& secret, std::string_view salt, std::string_view purpose);

// Takes a byte stream apart into records that only who has the key can make or read, each at its
// own place alone (AES-256-GCM; the nonce is the record's number): 4 bytes of length, little
// endian; the sealed bytes; 16 of tag.
class Sealer {
public:
    explicit Sealer(const SealKey& key);
    ~Sealer();
    Sealer(const Sealer&) = delete;
    Sealer& operator=(const Sealer&) = delete;

    std::string seal(std::string_view plain);

private:
    SealKey key_;
    std::uint64_t records_ = 0;
};

class Unsealer {
public:
    explicit Unsealer(const SealKey& key);
    ~Unsealer();
    Unsealer(const Unsealer&) = delete;
    Unsealer& operator=(const Unsealer&) = delete;

    // Every whole record out of `sealed`, appended to `plain`. False: a record is not the next one
    // that the other end sealed: forged, changed, repeated or out of order.
    [[nodiscard]] bool open(std::string& sealed, std::string& plain);

private:
    SealKey key_;
    std::uint64_t records_ = 0;
};

// 16 bytes by which an end shows that it has the key.
std::string seal_proof(const SealKey& key, std::string_view said);
bool is_proof(std::string_view proof, const SealKey& key, std::string_view said) noexcept;

} // namespace bench::hosts
