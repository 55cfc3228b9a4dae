// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/marker.h"

#include "drivers/api/errors.h"
#include "drivers/wire/big_endian.h"

#include <boost/math/distributions/beta.hpp>

#include <algorithm>
#include <cstdlib>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::uint16_t ether_type_experimental = 0x88B5;
constexpr std::uint16_t ether_type_vlan = 0x8100;          // IEEE 802.1Q-2018 table 9-1
constexpr std::uint16_t ether_type_provider_vlan = 0x88A8; // The same
constexpr std::size_t addresses_bytes = 12;
constexpr std::size_t tag_bytes = 4;
constexpr std::size_t tags_max = 2;
constexpr std::size_t magic_at = 2; // From the EtherType on:
constexpr std::size_t number_at = 6;
constexpr std::size_t sent_at = 14;
constexpr std::size_t proof_at = 22;
constexpr std::size_t proof_bytes = 16;
constexpr std::size_t body_bytes = 48; // Makes 60, the least that Ethernet carries.
constexpr std::uint32_t magic = 0x41424D4B;

constexpr std::int64_t late_ns = 10'000'000'000;
constexpr unsigned copies_max = 8; // A mirror of four ports, both ways
constexpr std::size_t remembered_max = 16'384;
constexpr std::size_t waiting_max = 100'000;
constexpr std::size_t tag_kinds_max = 4;
constexpr std::int64_t ns_per_s = 1'000'000'000;

using Proof = std::array<unsigned char, 32>;

// `addresses`: as they stand in the frame, destination first.
Proof proof_of(const Markers::Key& key, Bytes addresses, const Marker& marker) {
    std::array<std::byte, addresses_bytes + 2 * sizeof(std::uint64_t)> said{};
    std::copy(addresses.begin(), addresses.end(), said.begin());
    store_be64(said, addresses_bytes, marker.number);
    store_be64(
        said, addresses_bytes + sizeof(std::uint64_t), static_cast<std::uint64_t>(marker.sent_ns));
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

bool is_tag(std::uint16_t ether_type) {
    return ether_type == ether_type_vlan || ether_type == ether_type_provider_vlan;
}

} // namespace

Markers Markers::with_random_key() {
    Key key{};
    if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
        throw drivers::HostError("no random numbers for the key of the marker frames");
    }
    return Markers(key);
}

std::vector<std::byte> Markers::frame(const Ends& ends, const Marker& marker) const {
    std::vector<std::byte> out(addresses_bytes + body_bytes, std::byte{0});
    const auto put = [&](std::size_t at, std::span<const std::byte> from) {
        std::copy(from.begin(), from.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
    };
    put(0, std::as_bytes(std::span(ends.to)));
    put(ends.to.size(), std::as_bytes(std::span(ends.from)));
    store_be16(out, addresses_bytes, ether_type_experimental);
    store_be32(out, addresses_bytes + magic_at, magic);
    store_be64(out, addresses_bytes + number_at, marker.number);
    store_be64(out, addresses_bytes + sent_at, static_cast<std::uint64_t>(marker.sent_ns));
    const Proof proof = proof_of(key_, Bytes(out).first(addresses_bytes), marker);
    put(addresses_bytes + proof_at, std::as_bytes(std::span(proof)).first(proof_bytes));
    return out;
}

std::optional<Marker> Markers::read(Bytes frame) const {
    Marker out;
    std::size_t at = addresses_bytes;
    for (std::size_t i = 0;
         i < tags_max && frame.size() >= at + tag_bytes && is_tag(load_be16(frame, at));
         ++i, at += tag_bytes) {
        out.tags = out.tags << 32U | load_be32(frame, at);
    }
    if (frame.size() != at + body_bytes) {
        return std::nullopt;
    }
    const Bytes body = frame.subspan(at);
    if (load_be16(body, 0) != ether_type_experimental || load_be32(body, magic_at) != magic) {
        return std::nullopt;
    }
    out.number = load_be64(body, number_at);
    out.sent_ns = static_cast<std::int64_t>(load_be64(body, sent_at));
    const Proof proof = proof_of(key_, frame.first(addresses_bytes), out);
    const auto rest = body.subspan(proof_at + proof_bytes);
    const bool is_ours =
        CRYPTO_memcmp(body.subspan(proof_at).data(), proof.data(), proof_bytes) == 0 &&
        std::all_of(rest.begin(), rest.end(), [](std::byte one) { return one == std::byte{0}; });
    return is_ours ? std::optional(out) : std::nullopt;
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

void MarkerBook::sent(const Marker& marker) {
    ++sent_count_;
    if (copies_.count(marker.number) == 0) {
        waiting_.emplace(marker.number, marker.sent_ns);
    }
    if (waiting_.size() > waiting_max) { // A tap that has seen none for an hour.
        lossy_seconds_.insert(waiting_.begin()->second / ns_per_s);
        waiting_.erase(waiting_.begin());
        ++given_up_;
    }
}

bool MarkerBook::seen(const Marker& marker, std::int64_t at_ns) {
    if (std::abs(at_ns - marker.sent_ns) > late_ns ||
        (tags_.size() >= tag_kinds_max && tags_.count(marker.tags) == 0)) {
        return false;
    }
    unsigned& copies = copies_[marker.number];
    if (copies >= copies_max) {
        return false;
    }
    ++copies;
    tags_.insert(marker.tags);
    waiting_.erase(marker.number);
    if (copies_.size() > remembered_max) {
        copies_.erase(copies_.begin());
    }
    return true;
}

std::set<std::int64_t> MarkerBook::lossy_seconds() const {
    std::set<std::int64_t> out = lossy_seconds_;
    for (const auto& [number, at_ns] : waiting_) {
        out.insert(at_ns / ns_per_s);
    }
    return out;
}

} // namespace bench::egress
