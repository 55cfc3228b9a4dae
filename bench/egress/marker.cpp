// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/marker.h"

#include "drivers/api/errors.h"
#include "drivers/wire/big_endian.h"

#include <boost/math/distributions/beta.hpp>

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::uint16_t ether_type_experimental = 0x88B5;
constexpr std::size_t type_at = 12;
constexpr std::size_t magic_at = 14;
constexpr std::size_t number_at = 18;
constexpr std::size_t proof_at = 26;
constexpr std::size_t proof_bytes = 16;
constexpr std::size_t frame_bytes = 60; // The least that Ethernet carries.
constexpr std::uint32_t magic = 0x41424D4B;

using Proof = std::array<unsigned char, 32>;

Proof proof_of(const Markers::Key& key, std::uint64_t number) {
    std::array<std::byte, 8> said{};
    store_be64(said, 0, number);
    Proof out{};
    unsigned length = out.size();
    HMAC(EVP_sha256(),
         key.data(),
         static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(said.data()), // NOLINT: OpenSSL's byte type
         said.size(),
         out.data(),
         &length);
    return out;
}

} // namespace

Markers Markers::with_random_key() {
    Key key{};
    if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
        throw drivers::HostError("no random numbers for the key of the marker frames");
    }
    return Markers(key);
}

std::vector<std::byte> Markers::frame(const Ends& ends, std::uint64_t number) const {
    std::vector<std::byte> out(frame_bytes, std::byte{0});
    const auto put = [&](std::size_t at, std::span<const std::byte> from) {
        std::copy(from.begin(), from.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
    };
    put(0, std::as_bytes(std::span(ends.to)));
    put(ends.to.size(), std::as_bytes(std::span(ends.from)));
    store_be16(out, type_at, ether_type_experimental);
    store_be32(out, magic_at, magic);
    store_be64(out, number_at, number);
    const Proof proof = proof_of(key_, number);
    put(proof_at, std::as_bytes(std::span(proof)).first(proof_bytes));
    return out;
}

std::optional<std::uint64_t> Markers::read(Bytes frame) const {
    if (frame.size() != frame_bytes || load_be16(frame, type_at) != ether_type_experimental ||
        load_be32(frame, magic_at) != magic) {
        return std::nullopt;
    }
    const std::uint64_t number = load_be64(frame, number_at);
    const Proof proof = proof_of(key_, number);
    const auto rest = frame.subspan(proof_at + proof_bytes);
    const bool is_ours =
        CRYPTO_memcmp(frame.subspan(proof_at).data(), proof.data(), proof_bytes) == 0 &&
        std::all_of(rest.begin(), rest.end(), [](std::byte one) { return one == std::byte{0}; });
    return is_ours ? std::optional(number) : std::nullopt;
}

LossBound loss_bound(std::uint64_t lost, std::uint64_t sent) {
    constexpr double tail = 0.025;
    LossBound out;
    if (sent == 0) {
        return out;
    }
    const auto k = static_cast<double>(std::min(lost, sent));
    const auto n = static_cast<double>(sent);
    using Beta = boost::math::beta_distribution<double>;
    out.low = k > 0 ? boost::math::quantile(Beta(k, n - k + 1), tail) : 0;
    out.high = k < n ? boost::math::quantile(Beta(k + 1, n - k), 1 - tail) : 1;
    return out;
}

void MarkerBook::sent(std::uint64_t number, std::int64_t at_ns) {
    ++sent_count_;
    waiting_.emplace(number, at_ns);
}

void MarkerBook::seen(std::uint64_t number) {
    waiting_.erase(number);
}

std::set<std::int64_t> MarkerBook::lossy_seconds() const {
    constexpr std::int64_t ns_per_s = 1'000'000'000;
    std::set<std::int64_t> out;
    for (const auto& [number, at_ns] : waiting_) {
        out.insert(at_ns / ns_per_s);
    }
    return out;
}

} // namespace bench::egress
