// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/canary_scan.h"
#include "bench/egress/search_budget.h"
#include "bench/egress/unpack.h"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace bench::egress {

class CanaryView;

// A canary found: where it was planted (nothing if it is cut, altered or unread) and how it was
// written.
struct CanaryHit {
    std::optional<integrity::CanaryPlace> place;
    std::string encoding;
    std::string inside;      // "gzip", "zstd in gzip", ...; empty = nothing
    std::uint64_t count = 1; // More: so many more markers than tokens may be read, the first's way.
};
using CanaryHearer = std::function<void(const CanaryHit&)>;

// A packed stream on its way, and what of it waits for the search's budget.
struct PackedStream {
    std::unique_ptr<Unpacker> unpacker;
    unsigned depth = 0;        // Packings around it
    const std::string* inside; // Their names
    bool folds = false;
    std::unique_ptr<CanaryView> view{}; // Of what comes out; none while nothing has.
    std::deque<std::vector<std::byte>> waiting{};
    std::size_t front_taken = 0; // Bytes of the first of them
};

// What a search had to leave: nothing goes out of sight unsaid.
struct Unsearched {
    std::uint64_t packed_bytes =
        0;                       // Of packed streams begun, not unpacked for want of budget or room
    std::uint64_t not_begun = 0; // Beginnings of packed streams
    std::uint64_t too_long = 0;  // Packed streams left after the limit of one

    bool any() const noexcept { return packed_bytes + not_begun + too_long > 0; }
    Unsearched& operator+=(const Unsearched& other) noexcept;
    Unsearched operator-(const Unsearched& earlier) const noexcept;
};

// What every view of one search shares.
struct CanaryTools {
    static constexpr std::size_t packings_deep = 2;
    static constexpr std::size_t depths = packings_deep + 2; // And lines unfolded at the innermost.

    explicit CanaryTools(const integrity::CanaryKey& run_key);
    ~CanaryTools();
    CanaryTools(const CanaryTools&) = delete;
    CanaryTools& operator=(const CanaryTools&) = delete;

    std::optional<integrity::CanaryPlace> read(const integrity::CanaryToken& token);
    // "zstd in gzip": one text for all views inside the same packings.
    const std::string& name_of_inside(Packing packing, const std::string& around);
    const std::string& name_of_xor(std::uint8_t with) const { return xor_names_[with]; }
    const std::string& name_of_encoding(std::size_t index) const { return encoding_names_[index]; }

    const std::string outermost; // What is around the bytes that flows carry: nothing.
    integrity::CanaryKey key;
    integrity::CanaryMarker marker;
    CanaryScan scan;
    UnpackLimits limits;
    SearchBudget budget;
    std::uint64_t unpacked_streams = 0; // That came out whole
    Unsearched unsearched;
    std::uint64_t unread = 0;      // Markers of which no token was read, for want of budget
    std::uint64_t unpackers = 0;   // At work now
    std::size_t waiting_bytes = 0; // Of all packed streams
    // Streams that had ended while a part of them waited: for the end of the capture.
    std::vector<PackedStream> put_by;

    std::array<std::vector<std::byte>, packings_deep> rooms;  // For what is unpacked
    std::array<std::vector<std::byte>, depths> together;      // A view's last bytes and its next
    std::array<std::vector<std::byte>, depths> without_folds; // Text whose lines are put together
    std::vector<Sighting> sightings;
    std::vector<PackedStart> starts;

private:
    using Arm = std::tuple<std::uint32_t, std::uint16_t, std::uint16_t>;

    std::set<std::string> inside_names_;
    std::vector<std::string> encoding_names_;
    std::vector<std::string> xor_names_;
    std::map<Arm, integrity::CanarySecret> secrets_;
    std::optional<std::pair<Arm, integrity::CanarySecret>> last_secret_;
};

} // namespace bench::egress
