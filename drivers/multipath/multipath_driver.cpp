// SPDX-License-Identifier: Apache-2.0
#include "drivers/multipath/multipath_driver.h"

#include "drivers/api/errors.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>

namespace drivers {

namespace {

// How long a path that refused for its state is left alone, if it does not say itself that it is
// no use; and how often waiting requests look for a path.
constexpr Duration rest = std::chrono::milliseconds(20);

bool same_lun(const BlockDriver& one, const BlockDriver& other) {
    const Identity& a = one.identity();
    const Identity& b = other.identity();
    const Geometry& sa = one.geometry();
    const Geometry& sb = other.geometry();
    const bool same_name = a.unique_id.empty() && b.unique_id.empty()
                               ? !a.serial.empty() && a.serial == b.serial && a.vendor == b.vendor
                               : a.unique_id == b.unique_id;
    return same_name && sa.block_bytes == sb.block_bytes && sa.block_count == sb.block_count;
}

std::string name_of(const BlockDriver& driver) {
    const Identity& who = driver.identity();
    return fmt::format("{} {}, serial {}, id {}, {} blocks",
                       who.vendor,
                       who.product,
                       who.serial,
                       who.unique_id,
                       driver.geometry().block_count);
}

bool changes_data(Op op) {
    return op == Op::write || op == Op::unmap || op == Op::write_zeroes;
}

// The path is at fault, not the request: asymmetric access (SPC-5 5.16: 02/04/0A..0C and the unit
// attention 06/2A/06), which also says that nothing was done; ANA likewise (NVMe Base 8.1: status
// code type 3, codes 1 to 3); and the errors of a path itself (codes 0 and 70h), with which a
// command has ended, so that it may be sent again.
bool refused_for_state(std::uint32_t sense) {
    const bool not_ready = sense == 0x02040a || sense == 0x02040b || sense == 0x02040c;
    const bool state_changed = sense == 0x062a06;
    const bool namespace_state = sense == 0x0301 || sense == 0x0302 || sense == 0x0303;
    const bool path_error = sense == 0x0300 || sense == 0x0370;
    return not_ready || state_changed || namespace_state || path_error;
}

} // namespace

MultipathDriver::MultipathDriver(std::vector<std::unique_ptr<BlockDriver>> paths,
                                 const MultipathSettings& settings,
                                 Clock& clock)
    : clock_(clock)
    , path_wait_(settings.path_wait)
    , any_path_(settings.any_path)
    , names_(settings.names)
    , missing_(settings.missing)
    , slots_(settings.depth) {
    if (paths.empty()) {
        throw UsageError("multipath: wanted at least one path");
    }
    geometry_ = paths.front()->geometry();
    identity_ = paths.front()->identity();
    for (auto& driver : paths) {
        if (!same_lun(*paths.front(), *driver)) {
            throw SafetyError(fmt::format("the paths lead to different LUNs: {} and {}",
                                          name_of(*paths.front()),
                                          name_of(*driver)));
        }
    }
    for (auto& driver : paths) {
        const std::uint32_t limit = driver->geometry().transfer_bytes_max;
        const bool tighter = limit != 0 && (geometry_.transfer_bytes_max == 0 ||
                                            limit < geometry_.transfer_bytes_max);
        geometry_.transfer_bytes_max = tighter ? limit : geometry_.transfer_bytes_max;
        Path path;
        path.fences_seen = driver->fences();
        path.driver = std::move(driver);
        paths_.push_back(std::move(path));
    }
    idle_.reserve(slots_.size());
    waiting_.reserve(slots_.size());
    ready_.reserve(slots_.size());
    for (std::size_t i = slots_.size(); i > 0; --i) {
        idle_.push_back(static_cast<std::uint32_t>(i - 1));
    }
    open_wait_fd();
}

MultipathDriver::~MultipathDriver() {
    if (wait_fd_ >= 0) {
        close(wait_fd_);
    }
}

void MultipathDriver::open_wait_fd() {
    const bool all_wait = std::all_of(
        paths_.begin(), paths_.end(), [](const Path& path) { return path.driver->wait_fd() >= 0; });
    if (!all_wait) {
        return; // Then poll is enough for all.
    }
    wait_fd_ = epoll_create1(EPOLL_CLOEXEC);
    for (const Path& path : paths_) {
        epoll_event event{};
        event.events = EPOLLIN;
        if (wait_fd_ < 0 ||
            epoll_ctl(wait_fd_, EPOLL_CTL_ADD, path.driver->wait_fd(), &event) != 0) {
            throw HostError(fmt::format("epoll: {}", std::strerror(errno)));
        }
    }
}

bool MultipathDriver::submit(const Request& request) noexcept {
    if (idle_.empty()) {
        return false;
    }
    const TimePoint now = clock_.now();
    const std::uint32_t index = idle_.back();
    idle_.pop_back();
    Slot& slot = slots_[index];
    slot.request = request;
    slot.request.tag = index;
    slot.tag = request.tag;
    slot.give_up = now + path_wait_;
    slot.unfenced_copy = false;
    slot.sense = 0;
    slot.put_off_since = TimePoint::max();
    if (end_ != DriverEnd::none) {
        finish(index, given_up(slot, now));
        return true;
    }
    if (!waiting_.empty() || !send(index, now)) {
        waiting_.push_back(index);
        if (access() == Access::transitioning) {
            put_off(slot, now, 0);
        }
    }
    return true;
}

// The first time only the instant is noted: another path may take it at once.
void MultipathDriver::put_off(Slot& slot, TimePoint now, std::uint32_t sense) noexcept {
    slot.put_off_since = std::min(slot.put_off_since, now);
    slot.sense = sense == 0 ? slot.sense : sense;
    put_off_.longest = std::max(put_off_.longest, now - slot.put_off_since);
}

PutOff MultipathDriver::put_off() const noexcept {
    PutOff out = put_off_;
    for (const Path& path : paths_) {
        const PutOff of_path = path.driver->put_off();
        out.attentions += of_path.attentions;
        out.times += of_path.times;
        out.longest = std::max(out.longest, of_path.longest);
    }
    return out;
}

bool MultipathDriver::usable(const Path& path, Access wanted, TimePoint now) const noexcept {
    const Access access = path.driver->access();
    const bool as_good = any_path_ && access == Access::non_optimized;
    return path.rest_until <= now && (access == wanted || as_good);
}

bool MultipathDriver::send(std::uint32_t index, TimePoint now) noexcept {
    Slot& slot = slots_[index];
    for (const Access wanted : {Access::optimized, Access::non_optimized}) {
        bool any = false;
        for (std::size_t tried = 0; tried < paths_.size(); ++tried) {
            const std::size_t number = (next_path_ + tried) % paths_.size();
            Path& path = paths_[number];
            if (!usable(path, wanted, now)) {
                continue;
            }
            any = true;
            if (path.driver->submit(slot.request)) {
                slot.path = static_cast<std::uint16_t>(number);
                put_off_.times += now > slot.put_off_since ? 1U : 0U;
                ++path.counts.requests;
                next_path_ = number + 1;
                return true;
            }
        }
        if (any) {
            return false; // Full: worth waiting for.
        }
    }
    return false;
}

std::size_t MultipathDriver::poll(std::span<Completion> out) noexcept {
    const TimePoint now = clock_.now();
    for (std::size_t i = 0; i < paths_.size(); ++i) {
        poll_path(static_cast<std::uint16_t>(i), now);
    }
    if (!waiting_.empty()) {
        send_waiting(now);
    }
    const std::size_t count = std::min(out.size(), ready_.size());
    std::copy_n(ready_.begin(), count, out.begin());
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
}

void MultipathDriver::poll_path(std::uint16_t number, TimePoint now) noexcept {
    Path& path = paths_[number];
    std::array<Completion, 32> ends{};
    for (std::size_t count = ends.size(); count == ends.size();) {
        count = path.driver->poll(ends);
        watch_end(number); // Before what it lost goes another way.
        for (std::size_t i = 0; i < count; ++i) {
            take_end(number, ends[i], now);
        }
    }
    watch_fences(path);
}

void MultipathDriver::take_end(std::uint16_t number,
                               const Completion& end,
                               TimePoint now) noexcept {
    const auto index = static_cast<std::uint32_t>(end.tag);
    Path& path = paths_[number];
    Slot& slot = slots_[index];
    if (!end.fenced) {
        path.may_hold_writes = true;
        slot.unfenced_copy = true;
    }
    if (takes_other_path(path, slot, end, now)) {
        ++path.counts.moved;
        waiting_.push_back(index);
        return;
    }
    ++path.counts.completed;
    Completion passed = end;
    passed.path = number;
    finish(index, passed);
}

bool MultipathDriver::takes_other_path(Path& path,
                                       Slot& slot,
                                       const Completion& end,
                                       TimePoint now) noexcept {
    const bool gone = end.status == Status::lost || end.status == Status::timed_out;
    const bool ended_badly = end.status == Status::failed || end.status == Status::busy;
    const bool refused = ended_badly && refused_for_state(end.sense);
    if (refused) {
        path.rest_until = now + rest;
        put_off(slot, now, end.sense);
    }
    if (end_ != DriverEnd::none) {
        return false;
    }
    return (gone || refused) && now < slot.give_up;
}

void MultipathDriver::watch_end(std::uint16_t number) noexcept {
    const BlockDriver& driver = *paths_[number].driver;
    if (end_ != DriverEnd::none || driver.ended() == DriverEnd::none) {
        return;
    }
    try {
        if (driver.ended() != DriverEnd::lost) { // The array's own doing, by whatever path.
            end_with(driver.ended(),
                     fmt::format("path {}: {}", path_name(number), driver.end_reason()));
            return;
        }
        std::string reasons;
        for (std::size_t i = 0; i < paths_.size(); ++i) {
            if (paths_[i].driver->ended() == DriverEnd::none) {
                return; // There is still a way.
            }
            reasons += fmt::format("{}path {}: {}",
                                   reasons.empty() ? "" : "; ",
                                   path_name(i),
                                   paths_[i].driver->end_reason());
        }
        end_with(DriverEnd::lost, std::move(reasons));
    } catch (const std::exception&) { // No memory for the words.
        end_with(driver.ended(), {});
    }
}

void MultipathDriver::end_with(DriverEnd end, std::string reason) noexcept {
    end_ = end;
    end_reason_ = std::move(reason);
    const TimePoint now = clock_.now();
    for (const std::uint32_t index : waiting_) {
        finish(index, given_up(slots_[index], now));
    }
    waiting_.clear();
}

// `busy` promises that nothing of the request was done.
Completion MultipathDriver::given_up(const Slot& slot, TimePoint now) const noexcept {
    Completion end;
    end.path = slot.path;
    end.done = now;
    if (end_ != DriverEnd::none || access() == Access::down) {
        end.status = Status::lost;
    } else if (slot.put_off_since != TimePoint::max() && !slot.unfenced_copy) {
        end.status = Status::busy;
        end.sense = slot.sense;
    } else {
        end.status = Status::timed_out;
    }
    return end;
}

void MultipathDriver::watch_fences(Path& path) noexcept {
    const std::uint64_t fences = path.driver->fences();
    if (fences == path.fences_seen) {
        return;
    }
    path.fences_seen = fences;
    path.may_hold_writes = false;
    const bool all_fenced = std::none_of(
        paths_.begin(), paths_.end(), [](const Path& other) { return other.may_hold_writes; });
    if (!all_fenced) {
        return;
    }
    ++fences_;
    for (Slot& slot : slots_) { // What is still held here can no longer land twice either.
        slot.unfenced_copy = false;
    }
}

void MultipathDriver::send_waiting(TimePoint now) noexcept {
    std::size_t kept = 0;
    bool blocked = false;
    for (const std::uint32_t index : waiting_) {
        if (!blocked && send(index, now)) {
            continue;
        }
        blocked = true; // In order: the younger ones wait behind.
        Slot& slot = slots_[index];
        if (slot.put_off_since != TimePoint::max()) {
            put_off(slot, now, 0);
        }
        if (slot.give_up > now) {
            waiting_[kept++] = index;
            continue;
        }
        finish(index, given_up(slot, now));
    }
    waiting_.resize(kept);
}

void MultipathDriver::finish(std::uint32_t index, Completion end) noexcept {
    const Slot& slot = slots_[index];
    end.tag = slot.tag;
    end.fenced = end.fenced && !(slot.unfenced_copy && changes_data(slot.request.op));
    ready_.push_back(end);
    idle_.push_back(index);
}

Access MultipathDriver::access() const noexcept {
    Access best = Access::down;
    if (end_ != DriverEnd::none) {
        return best;
    }
    for (const Path& path : paths_) {
        best = std::min(best, path.driver->access()); // In the order of the enumeration.
    }
    return best;
}

TimePoint MultipathDriver::next_timer() const noexcept {
    if (!ready_.empty()) {
        return TimePoint::min();
    }
    TimePoint next = waiting_.empty() ? TimePoint::max() : clock_.now() + rest;
    for (const Path& path : paths_) {
        next = std::min(next, path.driver->next_timer());
    }
    return next;
}

} // namespace drivers
