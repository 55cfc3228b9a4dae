// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/interception/parameters.h"
#include "profiles/random.h"
#include "profiles/synthetic_source.h"

#include <cstdint>
#include <vector>

namespace profiles::interception {

struct Region {
    std::uint64_t from_bytes = 0;
    std::uint64_t size_bytes = 0;
};

// Where things lie on one shard's part of the LUN, and whose each segment of content is. A segment
// holds product of one case (assumed: containers per case), so that a court order can be carried
// out by freeing whole segments.
class Store {
public:
    static constexpr std::uint64_t segment_bytes = 4U << 20U;

    // Throws FileError when the working set is too small for the writers.
    Store(const Parameters& parameters,
          const WorkingSet& set,
          std::uint32_t writers,
          std::uint32_t cases,
          std::uint64_t seed);

    Region journal(std::uint32_t writer) const noexcept;
    Region log() const noexcept { return log_; }
    Region index() const noexcept { return index_; }
    Region seals() const noexcept { return seals_; }
    Region content() const noexcept { return content_; }

    // A fresh segment for a case; when none is free the oldest retained one is taken (and counted).
    std::uint32_t open_segment(std::uint32_t for_case) noexcept;
    std::uint64_t offset_of(std::uint32_t segment) const noexcept {
        return content_.from_bytes + segment * segment_bytes;
    }

    // The segment is full: it joins the retained set as its youngest.
    void retain(std::uint32_t segment) noexcept;

    std::size_t retained() const noexcept { return age_count_; }
    std::size_t segments() const noexcept { return segments_.size(); }
    // By age rank: 0 = the youngest.
    std::uint32_t by_rank(std::size_t rank) const noexcept;
    std::uint32_t any(Random& random) const noexcept {
        return by_rank(random.below(std::max<std::size_t>(age_count_, 1)));
    }

    // Takes a case's next segment out of the retained set; false when the case has none. freed()
    // gives it back.
    bool take_of_case(std::uint32_t of_case, std::uint32_t& segment) noexcept;
    std::uint32_t case_of(std::uint32_t segment) const noexcept {
        return segments_[segment].of_case;
    }
    void freed(std::uint32_t segment) noexcept { free_.push_back(segment); }
    // Purge keeps the set level over a day, not over a minute: in its hours it takes more than
    // comes in, down to half of what the set holds.
    bool may_purge() const noexcept { return age_count_ > level_ / 2; }

    std::uint64_t recycled() const noexcept { return recycled_; }

private:
    static constexpr std::uint32_t none = 0xFFFFFFFFU;
    struct Segment {
        std::uint32_t of_case = 0;
        std::uint32_t next_of_case = none;
        std::uint32_t previous_of_case = none;
        std::uint32_t stamp =
            0; // Of its entry in the ring; an older entry of the same segment is void.
        bool retained = false;
    };
    struct Aged {
        std::uint32_t segment = 0;
        std::uint32_t stamp = 0;
    };

    bool is_current(const Aged& entry) const noexcept {
        return segments_[entry.segment].retained && segments_[entry.segment].stamp == entry.stamp;
    }
    void link(std::uint32_t segment) noexcept;
    void unlink(std::uint32_t segment) noexcept;
    void skip_gone() noexcept;

    Region journals_;
    std::uint64_t journal_bytes_ = 0;
    Region log_;
    Region index_;
    Region seals_;
    Region content_;
    std::vector<Segment> segments_;
    std::vector<std::uint32_t> case_heads_;
    std::vector<std::uint32_t> free_;
    std::vector<Aged> ages_; // Ring, oldest first; segments purged in between are skipped
    std::size_t age_first_ = 0;
    std::size_t age_used_ = 0;  // Entries of the ring, gone ones included
    std::size_t age_count_ = 0; // Retained
    std::size_t level_ = 0;
    std::uint64_t recycled_ = 0;
    std::uint32_t stamps_ = 0;
};

} // namespace profiles::interception
