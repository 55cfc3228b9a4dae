// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/unit_history.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tests {

using Kind = UnitEvent::Kind;

UnitHistory::UnitHistory(std::vector<UnitOp> ops, bool base_is_durable)
    : ops_(std::move(ops))
    , base_is_durable_(base_is_durable) {
    UnitWorld start;
    if (!base_is_durable) {
        start.stable = ancient;
        start.dirty = 1U << base;
    }
    worlds_.insert(start);
    close();
}

std::uint8_t UnitHistory::value_of(std::size_t op) const {
    return ops_[op] == UnitOp::zeroes ? zero_value : static_cast<std::uint8_t>(op + first_value);
}

UnitWorld UnitHistory::with(const UnitWorld& world, std::size_t op) const {
    UnitWorld out = world;
    out.happened = static_cast<std::uint8_t>(out.happened | 1U << op);
    if (ops_[op] == UnitOp::read) {
        out.shown.at(op) = out.cache;
        return out;
    }
    if (is_write(op)) {
        out.cache = value_of(op);
        out.dirty = static_cast<std::uint16_t>(out.dirty | 1U << out.cache);
    }
    if (ops_[op] == UnitOp::flush || ops_[op] == UnitOp::fua) {
        out.stable = out.cache;
        out.dirty = 0;
    }
    return out;
}

void UnitHistory::step(const UnitWorld& world,
                       const std::function<void(const UnitWorld&)>& to) const {
    for (std::size_t op = 0; op < ops_.size(); ++op) {
        if (is(submitted_, op) && !is(closed_, op) && !is(world.happened, op)) {
            to(with(world, op));
        }
    }
    for (std::uint8_t value = 0; value < 16; ++value) {
        if ((unsigned{world.dirty} >> value & 1U) != 0) {
            UnitWorld destaged = world;
            destaged.stable = value;
            destaged.dirty = static_cast<std::uint16_t>(world.dirty & ~(1U << value));
            to(destaged);
        }
    }
    if (announced_ && !done_ && !world.struck) {
        UnitWorld struck = world;
        struck.cache = world.stable;
        struck.dirty = 0;
        struck.struck = true;
        to(struck);
    }
}

void UnitHistory::close() {
    std::vector<UnitWorld> open(worlds_.begin(), worlds_.end());
    while (!open.empty()) {
        const UnitWorld world = open.back();
        open.pop_back();
        step(world, [&](const UnitWorld& next) {
            if (worlds_.insert(next).second) {
                open.push_back(next);
            }
        });
    }
}

void UnitHistory::keep_only(const std::function<bool(const UnitWorld&)>& fits) {
    std::erase_if(worlds_, [&](const UnitWorld& world) { return !fits(world); });
}

std::vector<UnitEvent> UnitHistory::next(bool with_cut) const {
    std::vector<UnitEvent> out;
    const auto submitted = static_cast<std::size_t>(std::popcount(submitted_));
    if (submitted < ops_.size()) {
        out.push_back({Kind::submit, static_cast<std::uint8_t>(submitted)});
    }
    for (std::uint8_t op = 0; op < submitted; ++op) {
        if (is(finished_, op)) {
            if (!is(closed_, op)) {
                out.push_back({Kind::fence, op});
            }
            continue;
        }
        if (ops_[op] != UnitOp::read) {
            out.push_back({Kind::finish, op});
            continue;
        }
        std::set<std::uint8_t> shown;
        for (const UnitWorld& world : worlds_) {
            if (is(world.happened, op)) {
                shown.insert(world.shown.at(op));
            }
        }
        for (const std::uint8_t value : shown) {
            out.push_back({Kind::finish, op, value});
        }
    }
    if (with_cut && !done_) {
        out.push_back({announced_ ? Kind::done : Kind::announce});
    }
    return out;
}

UnitHistory UnitHistory::after(const UnitEvent& event) const {
    UnitHistory out = *this;
    out.events_.push_back(event);
    const auto bit = static_cast<std::uint8_t>(1U << event.op);
    switch (event.kind) {
    case Kind::submit:
        out.submitted_ |= bit;
        break;
    case Kind::finish: {
        const UnitOp op = ops_[event.op];
        const bool sure = op != UnitOp::unknown && op != UnitOp::unfenced;
        out.keep_only([&](const UnitWorld& world) {
            return !sure || (is(world.happened, event.op) &&
                             (op != UnitOp::read || world.shown.at(event.op) == event.value));
        });
        out.finished_ |= bit;
        out.closed_ |= op == UnitOp::unfenced ? std::uint8_t{0} : bit;
        break;
    }
    case Kind::fence:
        out.closed_ |= bit;
        break;
    case Kind::announce:
        out.announced_ = true;
        break;
    case Kind::done:
        out.keep_only([](const UnitWorld& world) { return world.struck; });
        out.done_ = true;
        break;
    }
    out.close();
    return out;
}

UnitHistory UnitHistory::after_seeing(std::uint8_t value) const {
    UnitHistory out = *this;
    out.keep_only([&](const UnitWorld& world) { return world.cache == value; });
    out.close();
    return out;
}

std::set<std::uint8_t> UnitHistory::may_show() const {
    std::set<std::uint8_t> out;
    for (const UnitWorld& world : worlds_) {
        out.insert(world.cache);
    }
    return out;
}

std::vector<std::uint8_t> UnitHistory::values() const {
    std::vector<std::uint8_t> out = {ancient, base};
    for (std::size_t op = 0; op < ops_.size(); ++op) {
        if (is(submitted_, op) && is_write(op) &&
            std::find(out.begin(), out.end(), value_of(op)) == out.end()) {
            out.push_back(value_of(op));
        }
    }
    return out;
}

bool UnitHistory::may_be_missed(std::uint8_t value, const std::set<std::uint8_t>& honest) const {
    if (!announced_) {
        return false;
    }
    std::uint8_t flushing = 0;
    bool cutting = false;
    for (const UnitEvent& event : events_) {
        const auto bit = static_cast<std::uint8_t>(1U << event.op);
        cutting = event.kind == Kind::announce || (cutting && event.kind != Kind::done);
        const bool ends = event.kind == Kind::finish;
        if (event.kind == Kind::submit && ops_[event.op] == UnitOp::flush) {
            flushing |= bit;
        } else if (ends && ops_[event.op] == UnitOp::flush) {
            flushing &= static_cast<std::uint8_t>(~bit);
            if (cutting) {
                return true;
            }
        } else if (ends && is_write(event.op) && flushing != 0) {
            return true;
        }
    }
    return value != zero_value && !honest.empty() && value > *honest.begin();
}

std::string UnitHistory::text() const {
    static constexpr std::array<const char*, 7> names = {
        "write", "FUA", "unknown", "unfenced", "zeroes", "flush", "read"};
    std::vector<std::string> out = {base_is_durable_ ? "durable base" : "base"};
    for (const UnitEvent& event : events_) {
        switch (event.kind) {
        case Kind::submit:
            out.push_back(fmt::format("{}{}(",
                                      names.at(static_cast<std::size_t>(ops_[event.op])),
                                      event.op + first_value));
            break;
        case Kind::finish:
            out.push_back(ops_[event.op] == UnitOp::read
                              ? fmt::format("){}={}", event.op + first_value, event.value)
                              : fmt::format("){}", event.op + first_value));
            break;
        case Kind::fence:
            out.push_back(fmt::format("fence{}", event.op + first_value));
            break;
        case Kind::announce:
            out.emplace_back("cut(");
            break;
        case Kind::done:
            out.emplace_back(")cut");
            break;
        }
    }
    return fmt::format("{}", fmt::join(out, " "));
}

} // namespace tests
