// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/judgement.h"
#include "bench/integrity/keeper.h"
#include "bench/integrity/recent.h"
#include "bench/integrity/supersede.h"

#include <cstdint>
#include <span>
#include <vector>

namespace bench::integrity {

// A keeper's memory: what is in flight (slots), which units are not settled (table), and the
// counters that order it all. Events are numbered from 1 by begin() and end().
class Keeper::State {
public:
    State(Expectation& expectation, const KeeperSettings& settings);
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();

    void begin(std::uint32_t slot,
               const profiles::Access& access,
               std::span<std::byte> data,
               std::uint64_t now_ns) noexcept;
    void end(std::uint32_t slot, std::uint16_t driver, const drivers::Completion& done) noexcept;
    void withdrawn(std::uint32_t slot) noexcept;
    void fences(std::uint16_t driver, std::uint64_t count) noexcept;
    bool is_unfenced(std::uint64_t offset_bytes, std::uint64_t size_bytes) const noexcept;

    FindingLog log;
    KeeperCounts counts;

private:
    static constexpr std::uint64_t generations_published = 4096; // One in so many.
    static constexpr std::uint16_t nobody = 0xFFFF;              // No driver's number.

    struct Flight {
        profiles::Access access{};
        std::span<std::byte> data{};
        std::uint64_t generation = 0; // Writes.
        std::uint64_t submitted = 0;
        std::uint64_t issued_ns = 0;
        std::uint64_t flush = 0;
        bool judged = false; // Reads.
    };
    struct Ending { // How a write came back.
        drivers::Status status = drivers::Status::good;
        bool fenced = true;
        std::uint16_t driver = 0;
        std::uint64_t at_ns = 0;
    };
    // Units in a row.
    struct Units {
        std::uint64_t first = 0;
        std::uint64_t count = 0;
    };

    // keeper_writes.cpp
    void begin_write(Flight& flight) noexcept;
    void fill(const Flight& flight) noexcept;
    Version planned(const Flight& flight, std::uint64_t unit) const noexcept;
    void add_version(std::uint64_t unit, const Version& version) noexcept;
    void
    end_write(const Flight& flight, std::uint16_t driver, const drivers::Completion& done) noexcept;
    void end_unit(const Flight& flight, std::uint64_t unit, const Ending& ending) noexcept;
    std::uint16_t epoch_of_acknowledged(const Flight& flight) const noexcept;
    bool unmap_is_sure(const Flight& flight, std::uint64_t unit) const noexcept;

    // keeper_settle.cpp
    void reduce(std::uint64_t unit) noexcept;
    void settle(Unsettled& unit) noexcept;
    void rest(Unsettled& unit, UnitState state, const Floor& floor) noexcept;
    void give_up(std::uint64_t unit) noexcept;
    void reduce_lingering() noexcept;
    void sweep(std::uint64_t most_units) noexcept;
    void watch_power() noexcept;
    void take_power_cut() noexcept;
    void adopt_unsettled();
    void hand_back() noexcept;

    // keeper_reads.cpp
    struct Look { // What one unit of a read showed.
        bool legal = true;
        bool late = false;             // A write of unknown outcome, rewritten too early.
        bool floored = false;          // Older than acknowledged, legally.
        int same = Judgement::illegal; // The candidate that all its sectors agree with.
    };
    bool is_to_be_judged(const profiles::Access& access) noexcept;
    void judge(const Flight& flight, std::uint64_t now_ns) noexcept;
    bool judge_unit(const Flight& flight, std::uint64_t unit, std::uint64_t now_ns) noexcept;
    Look look_at(const Judgement& judgement, const Flight& flight, std::uint64_t unit) noexcept;
    void learn(const Flight& flight, std::uint64_t unit, const Candidate& seen) noexcept;
    void learn_settled(std::uint64_t unit, const Candidate& seen) noexcept;
    void learn_unsettled(Unsettled& entry, const Candidate& seen) noexcept;
    Candidate uniform(const Flight& flight, std::uint64_t unit) const noexcept;
    void note_loss(const Flight& flight, std::uint64_t unit, std::uint64_t now_ns) noexcept;
    Judgement judgement_of(std::uint64_t unit, std::uint64_t read_submitted) const noexcept;
    UnitState state_of(std::uint64_t unit) const noexcept;
    Scope scope() const noexcept;

    // keeper_accuse.cpp
    void accuse(const Flight& flight, std::uint64_t now_ns) noexcept;
    // `open` is the finding that may go on in the next stretch.
    void accuse_stretch(const Flight& flight,
                        Units stretch,
                        std::uint64_t now_ns,
                        Finding& open) noexcept;
    FindingKind kind_in_part(const Finding& found, bool to_the_end) const noexcept;
    bool is_older_than_before(const Finding& found) const noexcept;
    std::uint64_t right_until(const Flight& flight, Units stretch) const noexcept;
    bool same_write(std::uint64_t one, std::uint64_t other) const noexcept;
    Finding describe(const Judgement& judgement,
                     Sector found,
                     std::uint64_t address_bytes,
                     std::uint64_t now_ns) const noexcept;
    void report(const Finding& finding) noexcept;

    Units units_of(const profiles::Access& access) const noexcept;
    bool owns(std::uint64_t unit) const noexcept;
    template <typename Visit>
    void for_each_own(const Visit& visit) const {
        for (const Units& share : shares_) {
            for (std::uint64_t unit = share.first; unit < share.first + share.count; ++unit) {
                visit(unit);
            }
        }
    }
    // The units of an access that are this lane's own.
    template <typename Visit>
    void for_own_units(const profiles::Access& access, const Visit& visit) const {
        const Units units = units_of(access);
        for (std::uint64_t unit = units.first; unit < units.first + units.count; ++unit) {
            if (shares_.size() == 1 || owns(unit)) {
                visit(unit);
            }
        }
    }
    std::span<std::byte>
    part_of(const Flight& flight, std::uint64_t unit, std::uint64_t& address) const noexcept;
    bool is_whole(const Flight& flight, std::uint64_t unit) const noexcept;
    std::uint64_t address_of(std::uint64_t unit) const noexcept {
        return expectation_.settings().from_bytes + unit * unit_bytes_;
    }
    std::uint64_t horizon() const noexcept { return reads_.empty() ? event_ + 1 : reads_.oldest(); }

    Expectation& expectation_;
    KeeperSettings settings_;
    std::uint64_t unit_bytes_;
    std::vector<Units> shares_; // Sorted, apart from each other.
    std::uint64_t own_units_ = 0;
    std::uint64_t generation_; // Next.
    std::uint64_t event_ = 0;
    std::uint64_t power_event_ = 0; // When the last power cut was over.
    std::size_t sweep_share_ = 0;
    std::uint64_t sweep_unit_ = 0; // Within that share.
    std::uint64_t dice_;
    std::uint32_t cuts_announced_;
    std::uint32_t cuts_done_;
    FlushEpochs epochs_;
    UnsettledTable table_;
    std::vector<Flight> flights_;
    ReadsInFlight reads_;
    Lingering lingering_;
    WriteLog writes_;
    Reported reported_;
    std::vector<std::uint64_t> fences_; // Last count per driver.
};

} // namespace bench::integrity
