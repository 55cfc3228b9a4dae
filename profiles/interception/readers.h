// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/interception/mediation.h"

#include <vector>

namespace profiles::interception {

// Everybody who reads what was written: analysts, searches, classification, export, scrub, backup;
// and the purge.
class Readers {
public:
    Readers(const Parameters& parameters,
            Store& store,
            Agenda& agenda,
            Mediation& mediation,
            double share);

    void begin(std::uint64_t seed);
    void alarm(const Agenda::Alarm& alarm) noexcept;
    void completed(const Agenda::Work& work, const AccessOutcome& outcome) noexcept;

    std::vector<Delay>& delays() noexcept { return delays_; }
    std::vector<Measure> measures() const;

private:
    // A reader that asks for a block at even intervals, but never has more than `depth` in flight:
    // what it then misses is said, and made up for as soon as it can be.
    struct Paced {
        Actor actor = Actor::listening;
        StreamIndex stream = StreamIndex::playback;
        std::uint64_t block_bytes = 0;
        double per_s = 0;
        std::uint32_t depth = 8;
        bool verify = false;
        Duration next{0};
        std::uint32_t in_flight = 0;
        std::uint64_t behind = 0; // Due and not yet asked for
        std::uint64_t behind_max = 0;
        std::uint64_t cursor = 0; // Blocks into the retained set
        std::uint64_t failed = 0;
    };
    struct Search {
        Duration begun{0};
        std::uint32_t issued = 0;
        std::uint32_t completed = 0;
        bool open = false;
    };
    struct Seek {
        Duration begun{0};
        std::uint64_t offset_bytes = 0;
        std::uint32_t left = 0;
        bool started = false;
        bool open = false;
    };

    void add_paced(Actor actor, StreamIndex stream, std::uint64_t block_bytes, double bytes_per_s);
    Paced* paced(Actor actor) noexcept;
    void pace(Paced& reader, Duration at) noexcept;
    bool read_block(Paced& reader, Duration due) noexcept;
    void begin_search(Duration at) noexcept;
    void search_read(std::uint32_t search, Duration at) noexcept;
    void begin_seek(Duration at) noexcept;
    void seek_read(std::uint32_t seek, Duration at) noexcept;
    void purge(Duration at) noexcept;
    void evacuate(Duration at) noexcept;
    void arrive(Duration at) noexcept;
    void move_on(const Agenda::Work& work, const AccessOutcome& outcome) noexcept;
    std::uint64_t next_to_move() noexcept;
    Duration gap(double rate_per_s) noexcept;
    Access read(std::uint64_t offset,
                std::uint64_t bytes,
                Duration due,
                StreamIndex stream) const noexcept;

    Parameters parameters_;
    Store& store_;
    Agenda& agenda_;
    Mediation& mediation_;
    Random random_{2};
    std::vector<Paced> paced_;
    std::vector<Search> searches_;
    std::vector<Seek> seeks_;
    double searches_per_s_ = 0;
    double seeks_per_s_ = 0;
    double purges_per_s_ = 0;
    std::uint32_t cases_ = 1;
    std::uint32_t purge_case_ = 0;
    std::vector<Delay> delays_;
    std::uint64_t failed_reads_ = 0;
    std::uint64_t purged_segments_ = 0;
    std::uint64_t purges_left_out_ = 0;
    std::uint32_t moving_depth_ = 0;  // Evacuation or arrival, of this shard; 0 = none
    std::uint64_t moving_cursor_ = 0; // Blocks from the oldest of the retained set on
    std::uint64_t moved_blocks_ = 0;
    Duration moved_at_{-1}; // When everything had been moved once
};

} // namespace profiles::interception
