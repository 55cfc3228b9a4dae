// SPDX-License-Identifier: Apache-2.0
// Histories of one unit, before a keeper.
#include "tests/fakes/unit_history.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <utility>

namespace tests {

using Kind = UnitEvent::Kind;
using profiles::AccessOp;

namespace {

constexpr std::uint32_t own_slot = ops_most; // For what the bed does beside the history.
constexpr std::size_t texts_most = 25;

bench::integrity::KeeperSettings few() {
    bench::integrity::KeeperSettings out;
    out.slots = ops_most + 1;
    out.side_table_units = 2;
    return out;
}

AccessOp access_of(UnitOp op) {
    switch (op) {
    case UnitOp::zeroes:
        return AccessOp::write_zeroes;
    case UnitOp::flush:
        return AccessOp::flush;
    case UnitOp::read:
        return AccessOp::read;
    default:
        return AccessOp::write;
    }
}

} // namespace

UnitBed::UnitBed(std::uint64_t first_generation)
    : expectation_({.run = 0x0E11, .size_bytes = unit_bytes, .unit_bytes = unit_bytes})
    , keeper_((expectation_.used_generations_below(first_generation), expectation_), few()) {}

void UnitBed::begin(std::uint32_t slot, UnitOp op, Content& data) {
    profiles::Access access;
    access.op = access_of(op);
    access.size_bytes = op == UnitOp::flush ? 0 : unit_bytes;
    access.force_unit_access = op == UnitOp::fua;
    const bool moves = access.op == AccessOp::write || access.op == AccessOp::read;
    now_ += std::chrono::microseconds(1);
    keeper_.begin(slot, access, moves ? std::span<std::byte>(data) : std::span<std::byte>(), now_);
}

void UnitBed::end(std::uint32_t slot, drivers::Status status, bool fenced) {
    now_ += std::chrono::microseconds(1);
    keeper_.end(
        slot, static_cast<std::uint16_t>(slot), {.status = status, .fenced = fenced, .done = now_});
}

// The unit as every history finds it: `ancient` is durable, `base` written over it.
void UnitBed::play(const UnitHistory& history) {
    ++played_;
    for (const std::uint8_t value : {ancient, base}) {
        const bool durable = value == ancient || history.base_is_durable();
        begin(own_slot, durable ? UnitOp::fua : UnitOp::write, buffers_[own_slot]);
        values_.at(value) = buffers_[own_slot];
        end(own_slot, drivers::Status::good);
    }
    for (const UnitEvent& event : history.events()) {
        play(history, event);
    }
}

void UnitBed::play(const UnitHistory& history, const UnitEvent& event) {
    const UnitOp op = event.op < history.ops().size() ? history.ops()[event.op] : UnitOp::flush;
    Content& buffer = buffers_.at(event.op);
    switch (event.kind) {
    case Kind::submit:
        begin(event.op, op, buffer);
        open_ |= static_cast<std::uint8_t>(1U << event.op);
        if (op != UnitOp::flush && op != UnitOp::read && op != UnitOp::zeroes) {
            values_.at(event.op + first_value) = buffer;
        }
        break;
    case Kind::finish:
        if (op == UnitOp::read) {
            buffer = values_.at(event.value);
        }
        open_ &= static_cast<std::uint8_t>(~(1U << event.op));
        end(event.op,
            op == UnitOp::unknown || op == UnitOp::unfenced ? drivers::Status::timed_out
                                                            : drivers::Status::good,
            op != UnitOp::unfenced);
        break;
    case Kind::fence:
        keeper_.fences(event.op, ++fences_);
        break;
    case Kind::announce:
        expectation_.announce_power_cut();
        cut_open_ = true;
        break;
    case Kind::done:
        expectation_.power_cut_done();
        cut_open_ = false;
        break;
    }
}

// Ends what the history left open, so that the next one finds a unit at rest.
void UnitBed::tidy() {
    for (std::uint32_t op = 0; op < ops_most; ++op) {
        if ((unsigned{open_} >> op & 1U) != 0) {
            end(op, drivers::Status::lost);
        }
    }
    open_ = 0;
    ++fences_;
    for (std::uint16_t op = 0; op < ops_most; ++op) { // A driver each.
        keeper_.fences(op, fences_);
    }
    if (std::exchange(cut_open_, false)) {
        expectation_.power_cut_done();
    }
}

bool UnitBed::accuses(std::uint8_t value) {
    const std::uint64_t before = keeper_.findings().accusations();
    begin(own_slot, UnitOp::read, buffers_[own_slot]);
    buffers_[own_slot] = values_.at(value);
    end(own_slot, drivers::Status::good);
    return keeper_.findings().accusations() != before;
}

namespace {

class Trial {
public:
    Trial(UnitBed& bed, UnitVerdicts& verdicts)
        : bed_(bed)
        , verdicts_(verdicts) {}

    void visit(const UnitHistory& history, bool with_cut) {
        judge(history);
        for (const UnitEvent& event : history.next(with_cut)) {
            visit(history.after(event), with_cut);
        }
    }

private:
    void judge(const UnitHistory& history) {
        ++verdicts_.histories;
        const std::set<std::uint8_t> honest = history.may_show();
        lie(history, {}, honest);
        for (const std::uint8_t value : honest) {
            bed_.play(history);
            const bool accused = bed_.accuses(value);
            bed_.tidy();
            if (accused) {
                ++verdicts_.accused_count;
                note(verdicts_.accused, history, {}, value);
                continue;
            }
            ++verdicts_.honest;
            if (history.is_at_rest()) { // Else a read decides nothing for the next one.
                lie(history, value, history.after_seeing(value).may_show());
            }
        }
    }

    // Everything that no honest array may show now, or after `seen` was shown.
    void lie(const UnitHistory& history,
             std::optional<std::uint8_t> seen,
             const std::set<std::uint8_t>& honest) {
        bool fresh = false; // What was believed has changed what is known.
        for (const std::uint8_t value : history.values()) {
            if (honest.count(value) != 0) {
                continue;
            }
            if (!std::exchange(fresh, true)) {
                bed_.play(history);
                if (seen) {
                    bed_.accuses(*seen);
                }
            }
            if (bed_.accuses(value)) {
                ++verdicts_.lies;
                continue;
            }
            if (history.may_be_missed(value, honest)) {
                ++verdicts_.allowed_count;
            } else {
                ++verdicts_.missed_count;
                note(verdicts_.missed, history, seen, value);
            }
            bed_.tidy();
            fresh = false;
        }
        bed_.tidy();
    }

    static void note(std::vector<std::string>& to,
                     const UnitHistory& history,
                     std::optional<std::uint8_t> seen,
                     std::uint8_t value) {
        if (to.size() < texts_most) {
            to.push_back(fmt::format("{}{} shows {}",
                                     history.text(),
                                     seen ? fmt::format(" shows {},", *seen) : "",
                                     value));
        }
    }

    UnitBed& bed_;
    UnitVerdicts& verdicts_;
};

void try_all(UnitBed& bed,
             const std::vector<UnitOp>& ops,
             bool base_is_durable,
             bool with_cut,
             UnitVerdicts& verdicts) {
    Trial(bed, verdicts).visit(UnitHistory(ops, base_is_durable), with_cut);
}

} // namespace

UnitVerdicts every(const std::vector<UnitOp>& kinds,
                   std::size_t count,
                   bool with_cut,
                   std::ptrdiff_t flushes_most,
                   std::uint64_t first_generation) {
    UnitVerdicts out;
    UnitBed bed(first_generation);
    std::vector<std::size_t> digits(count);
    for (bool more = true; more;) {
        std::vector<UnitOp> ops;
        for (const std::size_t digit : digits) {
            ops.push_back(kinds.at(digit));
        }
        if (std::count(ops.begin(), ops.end(), UnitOp::flush) <= flushes_most) {
            try_all(bed, ops, true, with_cut, out);
            try_all(bed, ops, false, with_cut, out);
        }
        more = false;
        for (std::size_t& digit : digits) {
            digit = (digit + 1) % kinds.size();
            if (digit != 0) {
                more = true;
                break;
            }
        }
    }
    return out;
}

std::string text(const UnitVerdicts& verdicts) {
    return fmt::format("{} histories, {} honest contents, {} lies found, {} missed as the rule has "
                       "it\naccused {}: {}\nmissed {}: {}",
                       verdicts.histories,
                       verdicts.honest,
                       verdicts.lies,
                       verdicts.allowed_count,
                       verdicts.accused_count,
                       fmt::join(verdicts.accused, "\n"),
                       verdicts.missed_count,
                       fmt::join(verdicts.missed, "\n"));
}

} // namespace tests
