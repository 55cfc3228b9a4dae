// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/canary_scan.h"
#include "bench/egress/unpack.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <tuple>

namespace bench::egress {

// A canary found: where it was planted (nothing if it is cut or altered) and how it was written.
struct CanaryHit {
    std::optional<integrity::CanaryPlace> place;
    std::string encoding;
    std::string inside; // "gzip", "zstd in gzip", ...; empty = nothing
};

// What every view of one search shares.
struct CanaryTools {
    explicit CanaryTools(const integrity::CanaryKey& run_key);

    std::optional<integrity::CanaryPlace> read(const integrity::CanaryToken& token);

    integrity::CanaryKey key;
    integrity::CanaryMarker marker;
    CanaryScan scan;
    UnpackLimits limits;
    std::uint64_t unpacked_bytes_max = 8ULL << 30U; // Of the whole search
    // What is unpacked and begun costs more than what is only looked through: no more of it than in
    // proportion to what was carried, beyond a first stretch, whoever makes the bytes.
    std::uint64_t searched_bytes = 0;
    std::uint64_t unpackers_begun = 0;
    bool may_unpack() const noexcept {
        constexpr std::uint64_t first_bytes = 128ULL << 20U;
        constexpr std::uint64_t bytes_per_byte = 2;
        return unpacked_bytes <
               std::min(unpacked_bytes_max, first_bytes + bytes_per_byte * searched_bytes);
    }
    bool may_begin() const noexcept {
        constexpr std::uint64_t first_begun = 4096;
        constexpr std::uint64_t bytes_per_begun = 1024; // Random bytes begin one in 10,000.
        return may_unpack() && unpackers_begun < first_begun + searched_bytes / bytes_per_begun;
    }
    std::uint64_t unpacked_bytes = 0;
    std::uint64_t unpacked_streams = 0; // That came out whole
    std::uint64_t bombs = 0;            // Given up for their length
    std::uint64_t unpackers = 0;        // At work now
    std::uint64_t unpackers_refused = 0;
    std::array<std::vector<std::byte>, 2> rooms; // One for each depth of packing
    std::vector<Sighting> sightings;
    std::vector<PackedStart> starts;

private:
    std::map<std::tuple<std::uint32_t, std::uint16_t, std::uint16_t>, integrity::CanarySecret>
        secrets_;
};

// Looks for canaries in one sequence of bytes that comes in pieces: also inside compressed streams,
// and across folded lines of text.
class CanaryView {
public:
    using Hearer = std::function<void(const CanaryHit&)>;

    CanaryView(CanaryTools& tools, unsigned depth, std::string inside, bool folds);
    CanaryView(const CanaryView&) = delete;
    CanaryView& operator=(const CanaryView&) = delete;
    ~CanaryView();

    void take(Bytes piece, const Hearer& hearer);
    void end(const Hearer& hearer); // Nothing follows; a next take() begins afresh.
    std::size_t kept_bytes() const noexcept { return kept_.size(); }
    bool has_seen(const integrity::CanaryPlace& place) const; // Lately

private:
    struct Packed {
        std::unique_ptr<Unpacker> unpacker;
        std::unique_ptr<CanaryView> view;
    };

    void look(Bytes all, bool last, const Hearer& hearer);
    void settle(Bytes all, bool last, const Hearer& hearer);
    void decide(Bytes all, std::span<const Sighting> sightings, const Hearer& hearer);
    CanaryHit read(Bytes all, const Sighting& sighting);
    void unpack(Bytes all, std::size_t fresh_from, const Hearer& hearer);
    bool feed(Packed& packed, Bytes bytes, const Hearer& hearer);
    void unfold(Bytes all, std::size_t fresh_from, const Hearer& hearer);
    Hearer unless_seen(const Hearer& hearer) const;

    CanaryTools& tools_;
    unsigned depth_;
    std::string inside_;
    bool folds_;
    std::vector<std::byte> kept_;
    std::size_t scanned_ = 0;       // In kept_: patterns that begin before are known.
    std::size_t looked_packed_ = 0; // In kept_: packed streams that begin before are known.
    std::vector<Sighting> waiting_; // For the rest of their tokens.
    std::size_t last_at_ = 0;       // One past the last decided sighting; 0 = none near.
    std::vector<Packed> packed_;
    std::unique_ptr<CanaryView> unfolded_;
    std::size_t since_fold_ = 0;
    std::vector<integrity::CanaryPlace> seen_; // A ring
    std::size_t seen_next_ = 0;
};

} // namespace bench::egress
