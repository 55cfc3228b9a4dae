// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/canary_tools.h"
#include "bench/egress/packed_streams.h"

#include <memory>
#include <string>
#include <vector>

namespace bench::egress {

// Looks for canaries in one sequence of bytes that comes in pieces: also inside compressed streams,
// and across folded lines of text.
class CanaryView {
public:
    using Hearer = CanaryHearer;

    // `inside` is that of the tools, or outlives the view.
    CanaryView(CanaryTools& tools, unsigned depth, const std::string& inside, bool folds);
    CanaryView(const CanaryView&) = delete;
    CanaryView& operator=(const CanaryView&) = delete;

    void take(Bytes piece, const Hearer& hearer);
    void end(const Hearer& hearer); // Nothing follows; a next take() begins afresh.
    std::size_t kept_bytes() const noexcept { return kept_.size(); }
    bool has_seen(const integrity::CanaryPlace& place) const; // Lately

private:
    void look(Bytes all, bool last, const Hearer& hearer);
    void settle(Bytes all, bool last, const Hearer& hearer);
    void decide(Bytes all, std::span<const Sighting> sightings, const Hearer& hearer);
    CanaryHit read(Bytes all, const Sighting& sighting);
    const std::string& name_of(const Sighting& sighting) const;
    void unpack(Bytes all, std::size_t fresh, const Hearer& hearer);
    void keep(Bytes all);
    void unfold(Bytes all, std::size_t fresh_from, const Hearer& hearer);
    Hearer unless_seen(const Hearer& hearer) const;

    struct Found {                     // Few views have any.
        std::vector<Sighting> waiting; // For the rest of their tokens.
        std::size_t last_at = 0;       // One past the last decided sighting; 0 = none near.
        std::vector<integrity::CanaryPlace> seen; // A ring
        std::size_t seen_next = 0;
    };

    // Small: there is one for each direction of each flow.
    CanaryTools& tools_;
    const std::string* inside_;
    unsigned depth_;
    bool folds_;
    std::vector<std::byte> kept_;
    std::size_t scanned_ = 0;       // In kept_: patterns that begin before are known.
    std::size_t looked_packed_ = 0; // In kept_: packed streams that begin before are known.
    std::size_t since_fold_ = 0;
    std::unique_ptr<Found> found_;
    std::unique_ptr<PackedStreams> packed_;
    std::unique_ptr<CanaryView> unfolded_;
};

} // namespace bench::egress
