// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace bench::integrity {

using SipSecret = std::array<std::uint64_t, 2>;

// SipHash-c-d (Aumasson and Bernstein 2012): c rounds a word, d at the end. Who does not know the
// secret can neither predict nor bring about equal hashes. 2-4 where a hash proves something, 1-3
// where it only places an entry in a table.
template <int word_rounds, int last_rounds>
class SipHash {
public:
    explicit SipHash(const SipSecret& secret) noexcept
        : a_(secret[0] ^ 0x736F6D6570736575ULL)
        , b_(secret[1] ^ 0x646F72616E646F6DULL)
        , c_(secret[0] ^ 0x6C7967656E657261ULL)
        , d_(secret[1] ^ 0x7465646279746573ULL) {}

    void word(std::uint64_t value) noexcept {
        d_ ^= value;
        for (int i = 0; i < word_rounds; ++i) {
            round();
        }
        a_ ^= value;
    }

    // The end of a message of so many bytes: the last word carries the length and up to 7 bytes.
    std::uint64_t end(std::uint64_t message_bytes, std::uint64_t rest = 0) noexcept {
        word(message_bytes << 56U | rest);
        c_ ^= 0xFFU;
        for (int i = 0; i < last_rounds; ++i) {
            round();
        }
        return a_ ^ b_ ^ c_ ^ d_;
    }

    // Words so far, and these bytes as the rest of a message.
    std::uint64_t end_with(std::span<const std::byte> data,
                           std::uint64_t bytes_before = 0) noexcept {
        const std::uint64_t length = bytes_before + data.size();
        for (; data.size() >= 8; data = data.subspan(8)) {
            std::uint64_t value = 0;
            std::memcpy(&value, data.data(), sizeof value);
            word(value);
        }
        std::uint64_t rest = 0;
        for (std::size_t i = 0; i < data.size(); ++i) {
            rest |= std::to_integer<std::uint64_t>(data[i]) << (8 * i);
        }
        return end(length, rest);
    }

private:
    void round() noexcept {
        a_ += b_;
        b_ = std::rotl(b_, 13) ^ a_;
        a_ = std::rotl(a_, 32);
        c_ += d_;
        d_ = std::rotl(d_, 16) ^ c_;
        a_ += d_;
        d_ = std::rotl(d_, 21) ^ a_;
        c_ += b_;
        b_ = std::rotl(b_, 17) ^ c_;
        c_ = std::rotl(c_, 32);
    }

    std::uint64_t a_;
    std::uint64_t b_;
    std::uint64_t c_;
    std::uint64_t d_;
};

template <int word_rounds = 2, int last_rounds = 4>
std::uint64_t sip_hash(const SipSecret& secret, std::span<const std::byte> data) noexcept {
    return SipHash<word_rounds, last_rounds>(secret).end_with(data);
}

// For the tables of one process, drawn from the kernel. Throws HostError if it has none to give.
SipSecret drawn_secret();

} // namespace bench::integrity
