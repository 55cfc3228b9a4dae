// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/keeper.h"

#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

// Every order of a few operations on one unit, and what an honest array may show after each.
namespace tests {

enum class UnitOp : std::uint8_t {
    write,
    fua,
    unknown,  // A write whose outcome is unknown, fenced as it ends.
    unfenced, // A write whose outcome is unknown and that may land until it is fenced.
    zeroes,
    flush,
    read
};

struct UnitEvent {
    enum class Kind : std::uint8_t { submit, finish, fence, announce, done };
    Kind kind = Kind::submit;
    std::uint8_t op = 0;    // Submit, finish, fence.
    std::uint8_t value = 0; // What a read that finishes shows.
};

// Contents by number: `ancient` was flushed, `base` is written over it, the write that is operation
// n leaves n + first_value.
inline constexpr std::uint8_t ancient = 0;
inline constexpr std::uint8_t base = 1;
inline constexpr std::uint8_t first_value = 2;
inline constexpr std::uint8_t zero_value = 15;
inline constexpr std::size_t ops_most = 6;

// One way in which an honest array with a volatile cache may have got here. What is in flight lands
// at any time and in any order; what is dirty is destaged at any time and in any order, unless a
// flush or FUA says otherwise; power takes away all that is not stable.
struct UnitWorld {
    std::uint8_t cache = base;
    std::uint8_t stable = base;
    std::uint16_t dirty = 0;   // Values.
    std::uint8_t happened = 0; // Operations: landed, flushed, read.
    bool struck = false;
    std::array<std::uint8_t, ops_most> shown{}; // By reads.

    auto operator<=>(const UnitWorld&) const = default;
};

// What is known of a history from outside, and every world that fits it.
class UnitHistory {
public:
    UnitHistory(std::vector<UnitOp> ops, bool base_is_durable);

    const std::vector<UnitOp>& ops() const { return ops_; }
    bool base_is_durable() const { return base_is_durable_; }
    const std::vector<UnitEvent>& events() const { return events_; }

    std::vector<UnitEvent> next(bool with_cut) const; // What may happen now.
    UnitHistory after(const UnitEvent& event) const;
    UnitHistory after_seeing(std::uint8_t value) const; // A read of its own, begun and ended now.
    std::set<std::uint8_t> may_show() const;
    // By the rule of README.md an array that shows this, and may not, may get away with it: where a
    // flush was in flight when an overwriting was acknowledged or ended during a power cut, and, as
    // a floor is one generation, what is younger than the oldest that may come back.
    bool may_be_missed(std::uint8_t value, const std::set<std::uint8_t>& honest) const;
    bool is_at_rest() const { return submitted_ == closed_ && announced_ == done_; }
    std::vector<std::uint8_t> values() const; // All that were ever written.
    std::string text() const;

private:
    bool is(std::uint8_t mask, std::size_t op) const { return (unsigned{mask} >> op & 1U) != 0; }
    bool is_write(std::size_t op) const {
        return ops_[op] != UnitOp::flush && ops_[op] != UnitOp::read;
    }
    std::uint8_t value_of(std::size_t op) const;
    void close();
    void step(const UnitWorld& world, const std::function<void(const UnitWorld&)>& to) const;
    UnitWorld with(const UnitWorld& world, std::size_t op) const;
    void keep_only(const std::function<bool(const UnitWorld&)>& fits);

    std::vector<UnitOp> ops_;
    bool base_is_durable_;
    std::vector<UnitEvent> events_;
    std::set<UnitWorld> worlds_;
    std::uint8_t submitted_ = 0; // Operations, in their order.
    std::uint8_t finished_ = 0;
    std::uint8_t closed_ = 0; // Can do nothing any more.
    bool announced_ = false;
    bool done_ = false;
};

// The same history before a keeper, as often as wanted: it is asked what it makes of a content.
class UnitBed {
public:
    explicit UnitBed(std::uint64_t first_generation = 1);

    void play(const UnitHistory& history);
    bool accuses(std::uint8_t value); // A read that shows it.
    std::uint64_t played() const { return played_; }

private:
    static constexpr std::uint32_t unit_bytes = 512;
    using Content = std::array<std::byte, unit_bytes>;

    void begin(std::uint32_t slot, UnitOp op, Content& data);
    void end(std::uint32_t slot, drivers::Status status, bool fenced = true);
    void play(const UnitHistory& history, const UnitEvent& event);

public:
    void tidy(); // Before the next history is played.

private:
    bench::integrity::Expectation expectation_;
    bench::integrity::Keeper keeper_;
    std::array<Content, 16> values_{};
    std::array<Content, ops_most + 1> buffers_{};
    std::uint64_t fences_ = 0;
    std::uint64_t played_ = 0;
    std::uint8_t open_ = 0; // Operations of the last history that are still in flight.
    bool cut_open_ = false;
    drivers::TimePoint now_{std::chrono::seconds(1)};
};

struct UnitVerdicts {
    std::uint64_t histories = 0;
    std::uint64_t honest = 0; // Contents that an honest array may show, and was not accused of.
    std::uint64_t lies = 0;   // Contents that none may show, and were found.
    std::vector<std::string> accused; // Honest, and accused: texts of the first few.
    std::vector<std::string> missed;  // Lies that were not found.
    std::uint64_t accused_count = 0;
    std::uint64_t missed_count = 0;
    std::uint64_t allowed_count = 0; // Lies that were not found and by the rule need not be.
};

// Every history of every choice of `count` operations out of `kinds`, submitted in that order, with
// at most so many flushes; and every content at every point.
UnitVerdicts every(const std::vector<UnitOp>& kinds,
                   std::size_t count,
                   bool with_cut,
                   std::ptrdiff_t flushes_most = 9,
                   std::uint64_t first_generation = 1);
std::string text(const UnitVerdicts& verdicts);

} // namespace tests
