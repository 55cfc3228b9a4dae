// SPDX-License-Identifier: Apache-2.0
// Rows about data: what an array may do to blocks and what the bench must call it.
#include "bench/campaign/local_array.h"
#include "bench/campaign/self_test.h"
#include "bench/integrity/read_back.h"
#include "profiles/random.h"

#include <fmt/format.h>
#include <functional>
#include <stdexcept>

namespace bench::campaign {

namespace {

using drivers::array::Fault;
using profiles::AccessOp;

constexpr std::uint64_t lun_bytes = 4U << 20U;
constexpr std::uint64_t piece_bytes = 16U << 10U;
constexpr std::uint64_t target_bytes = 1U << 20U; // Where the one faulty access goes.

drivers::array::ArraySettings one_lun() {
    drivers::array::ArraySettings out;
    out.name = "self-test";
    out.seed = 20;
    out.volatile_cache = true;
    drivers::array::VolumeSettings volume;
    volume.name = "lun0";
    volume.block_count = lun_bytes / 512;
    volume.granule_bytes = piece_bytes;
    out.volumes.push_back(volume);
    return out;
}

// An array, an expectation of all of it, and one access at a time.
class DataBed {
public:
    DataBed()
        : array(one_lun(), clock_) {
        begin_run(1);
    }

    // As after so many writes elsewhere.
    void count_from(std::uint64_t generation) {
        keeper_.reset();
        expectation_->used_generations_below(generation);
        keeper_ = std::make_unique<integrity::Keeper>(*expectation_, keeper_settings());
    }

    // A run of its own: other stamps, and nothing known of what is there.
    void begin_run(std::uint64_t run) {
        keeper_.reset();
        expectation_ = std::make_unique<integrity::Expectation>(
            integrity::ExpectationSettings{.run = 0x5E1F7E57 + run, .size_bytes = lun_bytes});
        keeper_ = std::make_unique<integrity::Keeper>(*expectation_, keeper_settings());
        driver_ = array.open(depth);
    }

    void write_everything() {
        for (std::uint64_t at = 0; at < lun_bytes; at += piece_bytes) {
            profiles::Access access = to(AccessOp::write, at);
            if (at % (8 * piece_bytes) == 3 * piece_bytes) {
                access.kind = profiles::Content::duplicate;
                access.content = at / piece_bytes;
            }
            run(access);
        }
        run(to(AccessOp::flush, 0));
    }

    static profiles::Access
    to(AccessOp op, std::uint64_t at = target_bytes, bool force_unit_access = false) {
        profiles::Access out;
        out.op = op;
        out.offset_bytes = at;
        out.size_bytes = op == AccessOp::flush ? 0 : piece_bytes;
        out.force_unit_access = force_unit_access;
        return out;
    }

    void run(const profiles::Access& access) { run(std::vector{access}); }

    // All of them in flight at once.
    void run(const std::vector<profiles::Access>& accesses) {
        std::vector<Flight> flights(accesses.size());
        for (std::uint32_t slot = 0; slot < accesses.size(); ++slot) {
            submit(slot, accesses[slot], flights[slot]);
        }
        std::array<drivers::Completion, depth> done;
        for (std::size_t left = accesses.size(); left > 0;) {
            const std::size_t count = driver_->poll(done);
            for (std::size_t i = 0; i < count; ++i) {
                keeper_->end(static_cast<std::uint32_t>(done[i].tag), 0, done[i]);
            }
            left -= count;
            if (count == 0) {
                clock_.sleep_until(driver_->next_timer());
            }
        }
        clock_.advance(std::chrono::microseconds(10));
    }

    void inject(Fault fault, std::uint64_t next = 1) {
        drivers::array::FaultEvent event;
        event.fault = fault;
        event.next = next;
        array.apply(event);
    }

    void rot(double bits_per_s, drivers::Duration time) {
        drivers::array::FaultEvent event;
        event.fault = Fault::bit_rot;
        event.rate = bits_per_s;
        array.apply(event);
        clock_.advance(time);
        run(to(AccessOp::read, 0)); // Lets the array notice the time.
        array.apply({.fault = Fault::recover});
    }

    void cut_power() {
        expectation_->announce_power_cut();
        array.apply({.fault = Fault::power_cut});
        expectation_->power_cut_done();
    }

    // Everything that was found while it ran and when all of it is read back.
    std::set<std::string> found() {
        integrity::FindingLog log;
        log.merge(keeper_->findings());
        keeper_.reset();
        integrity::ReadBackSettings settings;
        const integrity::ReadBackResult back =
            integrity::read_back(array.open(depth), *expectation_, settings, clock_);
        if (!back.complete || back.bytes_read != lun_bytes) {
            throw std::logic_error("self-test: not everything could be read back");
        }
        log.merge(back.findings);
        std::set<std::string> out;
        for (std::size_t kind = 0; kind < integrity::finding_kinds; ++kind) {
            const auto which = static_cast<integrity::FindingKind>(kind);
            if (log.count(which) > 0) {
                out.emplace(integrity::name_of(which));
            }
        }
        return out;
    }

    static constexpr std::size_t depth = 4;

private:
    struct Flight {
        std::vector<std::byte> data;
        drivers::BlockRange range;
    };

    static integrity::KeeperSettings keeper_settings() {
        integrity::KeeperSettings out;
        out.unmap_granularity_bytes = piece_bytes;
        return out;
    }

    void submit(std::uint32_t slot, const profiles::Access& access, Flight& flight) {
        const bool moves = access.op == AccessOp::read || access.op == AccessOp::write;
        flight.data.resize(moves ? access.size_bytes : 0);
        flight.range = {access.offset_bytes / 512, access.size_bytes / 512};
        keeper_->begin(slot, access, flight.data, clock_.now());
        drivers::Request request;
        request.tag = slot;
        request.op = static_cast<drivers::Op>(access.op);
        request.force_unit_access = access.force_unit_access;
        request.range = flight.range;
        request.data = flight.data;
        if (access.op == AccessOp::unmap) {
            request.ranges = {&flight.range, 1};
        }
        if (!driver_->submit(request)) {
            throw std::logic_error("self-test: a driver with room refused a request");
        }
    }

    VirtualClock clock_;

public:
    LocalArray array;

private:
    std::unique_ptr<integrity::Expectation> expectation_;
    std::unique_ptr<integrity::Keeper> keeper_;
    std::unique_ptr<drivers::BlockDriver> driver_;
};

// Writes all, injects, writes once more, and looks.
void one_bad_write(DataBed& bed, Fault fault) {
    bed.inject(fault);
    bed.run(DataBed::to(AccessOp::write));
    bed.run(DataBed::to(AccessOp::flush, 0));
}

void honest(DataBed& bed) {
    for (std::uint64_t at = 0; at < lun_bytes; at += 5 * piece_bytes) {
        bed.run(DataBed::to(AccessOp::write, at, at % 2 == 0));
    }
    bed.run(DataBed::to(AccessOp::unmap));
    bed.run(DataBed::to(AccessOp::flush, 0));
    bed.cut_power();
    bed.run(DataBed::to(AccessOp::write, 0));
}

constexpr std::uint64_t counter_of_a_day = (1ULL << 34U) + 10; // At 200,000 writes/s.
constexpr int histories = 200;
constexpr int rounds_of_history = 12;

// Old units and new ones, with a counter that has gone round what 34 bits hold.
void high_counter(DataBed& bed) {
    bed.count_from(counter_of_a_day);
    honest(bed);
    bed.count_from(3 * counter_of_a_day);
    bed.run(DataBed::to(AccessOp::write));
    bed.run(DataBed::to(AccessOp::read));
    bed.run(DataBed::to(AccessOp::read, 2 * target_bytes));
}

void stale_at_high_counter(DataBed& bed) {
    bed.count_from(counter_of_a_day);
    one_bad_write(bed, Fault::lost_write);
}

// Up to four accesses at once to the same three pieces, as chance has it.
void interleaved(DataBed& bed) {
    profiles::Random random(11);
    for (int history = 0; history < histories; ++history) {
        for (int round = 0; round < rounds_of_history; ++round) {
            std::vector<profiles::Access> together(1 + random.below(DataBed::depth));
            for (profiles::Access& one : together) {
                const std::uint64_t what = random.below(10);
                one = DataBed::to(what < 6    ? AccessOp::write
                                  : what < 8  ? AccessOp::read
                                  : what == 8 ? AccessOp::unmap
                                              : AccessOp::flush,
                                  target_bytes + random.below(3) * piece_bytes / 2,
                                  what < 2);
            }
            bed.run(together);
        }
        if (history % 3 == 0) {
            bed.cut_power();
        }
        bed.run(DataBed::to(AccessOp::read));
    }
}

void unflushed(DataBed& bed) {
    bed.run(DataBed::to(AccessOp::write));
    bed.cut_power();
}

void lying_flush(DataBed& bed) {
    bed.inject(Fault::acknowledged_then_lost, 0);
    bed.run(DataBed::to(AccessOp::write, target_bytes, true));
    bed.run(DataBed::to(AccessOp::write, 2 * target_bytes));
    bed.run(DataBed::to(AccessOp::flush, 0));
    bed.cut_power();
}

void reordered_flush(DataBed& bed) {
    bed.run(DataBed::to(AccessOp::write));
    bed.inject(Fault::reorder_across_flush);
    bed.run(DataBed::to(AccessOp::flush, 0));
    bed.cut_power();
}

void another_run(DataBed& bed) {
    bed.begin_run(2);
    bed.inject(Fault::lost_write);
    bed.run(DataBed::to(AccessOp::write));
}

void late_write(DataBed& bed) {
    bed.array.flaws.lands_late = true;
    bed.run(DataBed::to(AccessOp::write));
    bed.run(DataBed::to(AccessOp::write));
    bed.array.land_late_write();
}

SelfTestRow row(const std::string& fault,
                std::set<std::string> expected,
                const std::function<void(DataBed&)>& act) {
    SelfTestRow out{fault, std::move(expected), {}, {}};
    try {
        DataBed bed;
        bed.write_everything();
        act(bed);
        out.found = bed.found();
    } catch (const std::exception& error) {
        out.problem = error.what();
    }
    return out;
}

SelfTestRow bad_write_row(Fault fault, std::set<std::string> expected) {
    return row(std::string(drivers::array::fault_name(fault)),
               std::move(expected),
               [fault](DataBed& bed) { one_bad_write(bed, fault); });
}

} // namespace

std::vector<SelfTestRow> self_test_data() {
    return {
        row("none, with overwrites, unmap, flush and a power cut", {}, honest),
        row("none, generation wrap (by a counter that starts high)", {}, high_counter),
        row("none, 200 honest interleavings of writes, FUA, unmaps, flushes and power cuts",
            {"unflushed loss"}, // Legal, and told.
            interleaved),
        row("none, a power cut before the flush", {"unflushed loss"}, unflushed),
        bad_write_row(Fault::lost_write, {"stale"}),
        row("lost_write after a generation wrap", {"stale"}, stale_at_high_counter),
        bad_write_row(Fault::misdirected_write, {"misdirected", "stale"}),
        bad_write_row(Fault::torn_write, {"torn"}),
        bad_write_row(Fault::zeroed_write, {"zeroed"}),
        bad_write_row(Fault::silent_corruption, {"corrupted"}),
        row("bit_rot",
            {"corrupted"},
            [](DataBed& bed) { bed.rot(50, std::chrono::milliseconds(100)); }),
        row("unmap_keeps_data",
            {"unmapped but not zero"},
            [](DataBed& bed) {
                bed.inject(Fault::unmap_keeps_data);
                bed.run(DataBed::to(AccessOp::unmap));
            }),
        row("acknowledged_then_lost", {"lost after power cut"}, lying_flush),
        row("reorder_across_flush", {"lost after power cut"}, reordered_flush),
        row("another run's data under a lost write", {"foreign run"}, another_run),
        row("a write that lands after it was given up and rewritten", {"undecidable"}, late_write),
    };
}

} // namespace bench::campaign
