// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/keeper.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace tests {

namespace bi = bench::integrity;

// An array that does everything it may: it reorders and tears what is in flight, lets unfenced
// writes land late, forgets what was not flushed when power goes, and never breaks a promise.
class HonestArray {
public:
    static constexpr std::uint64_t units = 48;
    static constexpr std::uint64_t unit_bytes = 4096;
    static constexpr std::uint64_t lun_bytes = units * unit_bytes;
    static constexpr std::size_t slots = 24;

    // `crowd`: units that accesses go to; few of them meet more often.
    explicit HonestArray(std::uint64_t seed, std::uint64_t crowd = units)
        : random_(seed)
        , crowd_(crowd)
        , cache_(lun_bytes)
        , stable_(lun_bytes)
        , flights_(slots) {
        for (auto& byte : cache_) { // Somebody's old data.
            byte = static_cast<std::byte>(seed);
        }
        stable_ = cache_;
        settings_.slots = slots;
        settings_.unmap_granularity_bytes = chance(2) ? 0 : 8192;
        settings_.side_table_units = chance(4) ? 16 : 1024;
        expectation = std::make_unique<bi::Expectation>(
            bi::ExpectationSettings{.run = seed + 77, .size_bytes = lun_bytes});
        start();
    }

    void start() { keeper = std::make_unique<bi::Keeper>(*expectation, settings_); }

    void step() {
        now_ += std::chrono::microseconds(1);
        land_something();
        const std::uint64_t what = random_() % 1000;
        if (what < 480) {
            begin();
        } else if (what < 960) {
            complete();
        } else if (what < 985) {
            destage();
        } else if (what < 993) {
            fence();
        } else if (what < 997) {
            power_cut();
        } else {
            lose_connection();
        }
    }

    void drain() {
        for (std::size_t i = 0; i < slots; ++i) {
            if (flights_[i].busy) {
                finish(i, drivers::Status::good, true);
            }
        }
    }

    // kill -9 of the bench: its connections end, and with them what was still under way.
    void kill_bench() {
        drain();
        zombies_.clear();
        fences_ = 0;
        keeper.reset();
    }

    void read_all() {
        drain();
        for (std::uint64_t at = 0; at < lun_bytes; at += 4 * unit_bytes) {
            profiles::Access access;
            access.offset_bytes = at;
            access.size_bytes = 4 * unit_bytes;
            begin(0, access);
            finish(0, drivers::Status::good, true);
        }
    }

    std::vector<std::byte>& content() { return cache_; }

    // What honest arrays do not do.
    bool lies_about_flushes = false;
    std::uint64_t loses_one_in = 0; // Sectors of writes; 0 = none.

    std::unique_ptr<bi::Expectation> expectation;
    std::unique_ptr<bi::Keeper> keeper;

private:
    using Op = profiles::AccessOp;

    struct Flight {
        bool busy = false;
        bool answered = false; // By the array, but the answer has not been heard.
        profiles::Access access;
        std::vector<std::byte> data;
        std::vector<std::uint64_t> open; // Sectors not yet moved.
    };

    bool chance(std::uint64_t one_in) { return random_() % one_in == 0; }

    profiles::Access draw() {
        profiles::Access out;
        const std::uint64_t kind = random_() % 100;
        out.op = kind < 40   ? Op::read
                 : kind < 82 ? Op::write
                 : kind < 90 ? Op::flush
                 : kind < 96 ? Op::unmap
                             : Op::write_zeroes;
        const std::uint64_t count = random_() % 4 + 1;
        out.offset_bytes = random_() % (crowd_ - count + 1) * unit_bytes;
        out.size_bytes = count * unit_bytes;
        if (chance(25)) { // Not whole units.
            out.offset_bytes += 512;
            out.size_bytes -= 1024;
        }
        out.force_unit_access = out.op == Op::write && chance(4);
        if (out.op == Op::write && chance(6)) {
            out.kind = profiles::Content::duplicate;
            out.content = random_() % 3;
        }
        return out;
    }

    void begin() {
        const std::size_t slot = random_() % slots;
        if (!flights_[slot].busy) {
            begin(slot, draw());
        }
    }

    void begin(std::size_t slot, const profiles::Access& access) {
        Flight& flight = flights_[slot];
        flight.busy = true;
        flight.answered = false;
        flight.access = access;
        const bool moves = access.op == Op::read || access.op == Op::write;
        flight.data.assign(moves ? access.size_bytes : 0, std::byte{0});
        flight.open.clear();
        for (std::uint64_t at = 0; access.op != Op::flush && at < access.size_bytes; at += 512) {
            flight.open.push_back(access.offset_bytes + at);
        }
        std::shuffle(flight.open.begin(), flight.open.end(), random_);
        keeper->begin(static_cast<std::uint32_t>(slot), access, flight.data, now_);
        if (chance(60)) {
            keeper->withdrawn(static_cast<std::uint32_t>(slot));
            flight.busy = false;
        }
    }

    void move_sector(Flight& flight) {
        if (flight.access.op == Op::write && loses_one_in != 0 && chance(loses_one_in)) {
            flight.open.pop_back();
            return;
        }
        const std::uint64_t at = flight.open.back();
        flight.open.pop_back();
        const auto offset = static_cast<std::ptrdiff_t>(at);
        const auto within = at - flight.access.offset_bytes;
        switch (flight.access.op) {
        case Op::read:
            std::memcpy(flight.data.data() + within, cache_.data() + at, 512);
            break;
        case Op::write:
            std::memcpy(cache_.data() + at, flight.data.data() + within, 512);
            break;
        case Op::unmap: {
            const std::uint64_t granule =
                std::max<std::uint64_t>(settings_.unmap_granularity_bytes, 512);
            const std::uint64_t from = at / granule * granule;
            const bool whole =
                from >= flight.access.offset_bytes &&
                from + granule <= flight.access.offset_bytes + flight.access.size_bytes;
            if (whole || chance(2)) {
                std::fill_n(cache_.begin() + offset, 512, std::byte{0});
            }
            break;
        }
        default:
            std::fill_n(cache_.begin() + offset, 512, std::byte{0});
        }
        if (flight.access.force_unit_access) {
            std::memcpy(stable_.data() + at, cache_.data() + at, 512);
        }
    }

    void land_something() {
        Flight& flight = flights_[random_() % slots];
        for (std::uint64_t i = random_() % 12; flight.busy && !flight.open.empty() && i > 0; --i) {
            move_sector(flight);
        }
        if (!zombies_.empty() && chance(8)) {
            Flight& late = zombies_[random_() % zombies_.size()];
            for (std::uint64_t i = random_() % 12; !late.open.empty() && i > 0; --i) {
                move_sector(late);
            }
        }
    }

    void complete() {
        const std::size_t slot = random_() % slots;
        if (!flights_[slot].busy) {
            return;
        }
        if (flights_[slot].answered) {
            finish(slot, drivers::Status::good, true);
            return;
        }
        const std::uint64_t how = random_() % 100;
        if (how < 90) {
            finish(slot, drivers::Status::good, true);
        } else if (how < 92) {
            finish(slot, drivers::Status::failed, true);
        } else if (how < 94 &&
                   flights_[slot].open.size() * 512 == flights_[slot].access.size_bytes) {
            finish(slot, drivers::Status::busy, true);
        } else {
            finish(slot, drivers::Status::timed_out, chance(2));
        }
    }

    void carry_out(Flight& flight) {
        while (!flight.open.empty()) {
            move_sector(flight);
        }
        if (flight.access.op == Op::flush && !flight.answered && !lies_about_flushes) {
            stable_ = cache_;
        }
    }

    // Answers that the array gave before its power went and that are heard when it is back.
    void answer_something() {
        for (Flight& flight : flights_) {
            if (flight.busy && chance(4)) {
                carry_out(flight);
                flight.answered = true;
            }
        }
    }

    void finish(std::size_t slot, drivers::Status status, bool fenced) {
        Flight& flight = flights_[slot];
        if (status == drivers::Status::good) {
            carry_out(flight);
        }
        const bool changes = flight.access.op != Op::read && flight.access.op != Op::flush;
        if (!fenced && changes) {
            zombies_.push_back(flight);
        }
        keeper->end(static_cast<std::uint32_t>(slot),
                    0,
                    {.status = status, .fenced = fenced || !changes, .done = now_});
        flight.busy = false;
    }

    void destage() {
        for (std::uint64_t i = random_() % 64; i > 0; --i) {
            const std::uint64_t at = random_() % (lun_bytes / 512) * 512;
            std::memcpy(stable_.data() + at, cache_.data() + at, 512);
        }
    }

    void fence() {
        zombies_.clear();
        keeper->fences(0, ++fences_);
    }

    void lose_connection() {
        for (std::size_t i = 0; i < slots; ++i) {
            if (flights_[i].busy) {
                finish(i, drivers::Status::lost, false);
            }
        }
        if (chance(2)) {
            fence();
        }
        if (chance(2)) { // The bench starts its lanes anew.
            keeper.reset();
            fences_ = 0;
            start();
        }
    }

    void power_cut() {
        expectation->announce_power_cut();
        for (std::uint64_t i = random_() % 6; i > 0; --i) {
            land_something();
            complete();
            begin();
        }
        answer_something();
        cache_ = stable_;
        for (std::size_t i = 0; i < slots; ++i) { // What was under way is never answered.
            if (flights_[i].busy && !flights_[i].answered) {
                finish(i, drivers::Status::lost, chance(2));
            }
        }
        zombies_.clear();
        for (std::uint64_t i = random_() % 6; i > 0; --i) { // Up again, before the bench knows.
            land_something();
            complete();
            begin();
        }
        expectation->power_cut_done();
    }

    std::mt19937_64 random_;
    std::uint64_t crowd_;
    bi::KeeperSettings settings_;
    std::vector<std::byte> cache_;
    std::vector<std::byte> stable_;
    std::vector<Flight> flights_;
    std::vector<Flight> zombies_;
    std::uint64_t fences_ = 0;
    drivers::TimePoint now_{std::chrono::seconds(1)};
};

} // namespace tests
