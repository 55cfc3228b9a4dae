// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/canary_token.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <openssl/hmac.h>
#include <string>
#include <string_view>

namespace bench::integrity {

namespace {

static_assert(std::endian::native == std::endian::little, "tokens are little-endian words");

using Digest = std::array<std::byte, 32>;

Digest hmac(const CanaryKey& key, const std::string& text) {
    Digest out{};
    unsigned length = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(
        text.data()); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    auto* to = reinterpret_cast<unsigned char*>(
        out.data()); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    if (HMAC(EVP_sha256(),
             key.data(),
             static_cast<int>(key.size()),
             data,
             text.size(),
             to,
             &length) == nullptr) {
        throw drivers::HostError("OpenSSL gives no HMAC-SHA256");
    }
    return out;
}

template <typename Number>
void append(std::string& out, Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
        out += static_cast<char>(std::uint64_t{value} >> (8 * i) & 0xFFU);
    }
}

template <typename Number, std::size_t Size>
void store(std::array<std::byte, Size>& to, std::size_t at, Number value) noexcept {
    std::memcpy(to.data() + at, &value, sizeof value);
}

template <typename Number, std::size_t Size>
Number load(const std::array<std::byte, Size>& from, std::size_t at) noexcept {
    Number value = 0;
    std::memcpy(&value, from.data() + at, sizeof value);
    return value;
}

bool reads_plainly(std::byte value) {
    const auto byte = std::to_integer<unsigned>(value);
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
}

// Digits 62 and 63 are '+' and '/' (RFC 4648 section 4).
bool has_plain_base64(const CanaryMarker& marker) {
    for (std::size_t bit = 0; bit + 6 <= 8 * marker.size(); bit += 2) {
        unsigned digit = 0;
        for (std::size_t i = bit; i < bit + 6; ++i) {
            digit = digit << 1U | (std::to_integer<unsigned>(marker[i / 8]) >> (7 - i % 8) & 1U);
        }
        if (digit >= 62) {
            return false;
        }
    }
    return true;
}

} // namespace

CanaryMarker canary_marker(const CanaryKey& key) {
    CanaryMarker out{};
    std::size_t filled = 0;
    for (std::uint32_t counter = 0;; ++counter) {
        std::string text = "arraybench canary marker ";
        append(text, counter);
        for (const std::byte value : hmac(key, text)) {
            if (!reads_plainly(value)) {
                continue;
            }
            out[filled++] = value;
            if (filled < out.size()) {
                continue;
            }
            if (has_plain_base64(out)) {
                return out;
            }
            filled = 0;
        }
    }
}

CanarySecret canary_secret(const CanaryKey& key, const CanaryPlace& place) {
    std::string text = "arraybench canary secret ";
    append(text, place.lun);
    append(text, place.phase);
    append(text, place.arm);
    const Digest digest = hmac(key, text);
    return {load<std::uint64_t>(digest, 0), load<std::uint64_t>(digest, 8)};
}

CanaryPlanter::CanaryPlanter(const CanaryKey& key, const CanaryPlace& place)
    : secret_(canary_secret(key, place)) {
    const CanaryMarker marker = canary_marker(key);
    std::copy(marker.begin(), marker.end(), blank_.begin());
    store(blank_, 24, place.lun);
    store(blank_, 28, place.phase);
    store(blank_, 30, place.arm);
}

CanaryToken CanaryPlanter::token(std::uint64_t address_bytes) const noexcept {
    CanaryToken out = blank_;
    store(out, 16, address_bytes);
    store(out, 32, sip_hash(secret_, std::span(out).first(32)));
    return out;
}

CanaryPlace canary_place(const CanaryToken& token) noexcept {
    CanaryPlace place;
    place.address_bytes = load<std::uint64_t>(token, 16);
    place.lun = load<std::uint32_t>(token, 24);
    place.phase = load<std::uint16_t>(token, 28);
    place.arm = load<std::uint16_t>(token, 30);
    return place;
}

bool is_authentic(const CanarySecret& secret, const CanaryToken& token) noexcept {
    return sip_hash(secret, std::span(token).first(32)) == load<std::uint64_t>(token, 32);
}

std::optional<CanaryPlace> read_canary(const CanaryKey& key, const CanaryToken& token) {
    const CanaryPlace place = canary_place(token);
    return is_authentic(canary_secret(key, place), token) ? std::optional(place) : std::nullopt;
}

} // namespace bench::integrity
