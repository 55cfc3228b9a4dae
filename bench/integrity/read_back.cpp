// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/read_back.h"

#include "bench/integrity/ranges.h"
#include "drivers/api/errors.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <vector>

namespace bench::integrity {

namespace {

constexpr std::size_t depth_most = 16;
constexpr drivers::Duration nap = std::chrono::milliseconds(20);

constexpr drivers::Duration patience = std::chrono::seconds(5); // For answers after the end.
constexpr std::uint8_t attempts_most = 4;                       // "Busy" and attentions pass.

// Passes over stretches of a LUN with as many reads in flight as the driver takes.
class Pass {
public:
    Pass(std::unique_ptr<drivers::BlockDriver> driver,
         const ExpectationSettings& set,
         const ReadBackSettings& settings,
         drivers::Clock& clock)
        : settings_(settings)
        , clock_(clock)
        , piece_bytes_(piece_for(*driver, set, settings))
        , slots_(std::min(depth_most, driver->depth()))
        , memory_(slots_.size() * piece_bytes_)
        , driver_(std::move(driver)) {}

    // `keeper` may be null: read and forget. True: the end was reached.
    bool run(ByteRange range, Keeper* keeper, drivers::TimePoint until) {
        at_bytes_ = range.from_bytes;
        end_bytes_ = range.from_bytes + range.size_bytes;
        bytes_read_ = 0;
        bytes_failed_ = 0;
        failures_.clear();
        for (Slot& slot : slots_) {
            slot.attempts = 0;
        }
        while (at_bytes_ < end_bytes_ || in_flight_ > 0 || is_to_repeat()) {
            const drivers::TimePoint now = clock_.now();
            const bool over = now >= until || is_stopped() || is_ended_for_good();
            if (over && (in_flight_ == 0 || now >= until + patience)) {
                return false;
            }
            if (!over) {
                submit_more(keeper, now);
            }
            if (poll(keeper) == 0 && in_flight_ > 0) {
                wait();
            }
        }
        return true;
    }

    // An array that is merely lost is asked to the end: its reads fail, each by itself.
    bool is_ended_for_good() const {
        const drivers::DriverEnd end = driver_->ended();
        return end != drivers::DriverEnd::none && end != drivers::DriverEnd::lost;
    }
    const drivers::BlockDriver& driver() const { return *driver_; }
    bool is_stopped() const { return settings_.stop != nullptr && *settings_.stop; }
    bool is_answered() const { return in_flight_ == 0; }
    std::uint64_t bytes_read() const { return bytes_read_; } // Of the last pass.
    std::uint64_t bytes_failed() const { return bytes_failed_; }
    const std::map<ReadFailure, std::uint64_t>& failures() const { return failures_; }

private:
    struct Slot {
        bool in_use = false;
        std::uint8_t attempts = 0;
        std::uint64_t at_bytes = 0;
        std::uint64_t size_bytes = 0;
    };

    static std::uint32_t piece_for(const drivers::BlockDriver& driver,
                                   const ExpectationSettings& set,
                                   const ReadBackSettings& settings) {
        const std::uint32_t most = driver.geometry().transfer_bytes_max;
        const std::uint32_t asked =
            most == 0 ? settings.piece_bytes : std::min(most, settings.piece_bytes);
        const std::uint32_t step = std::max(set.unit_bytes, driver.geometry().block_bytes);
        return std::max(asked / step, 1U) * step;
    }

    bool is_to_repeat() const {
        return std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
            return !slot.in_use && slot.attempts > 0;
        });
    }

    void submit_more(Keeper* keeper, drivers::TimePoint now) {
        const std::uint32_t block = driver_->geometry().block_bytes;
        for (std::uint32_t i = 0; i < slots_.size(); ++i) {
            Slot& slot = slots_[i];
            if (slot.in_use) {
                continue;
            }
            if (slot.attempts == 0) { // Else what failed there is asked for again.
                const std::uint64_t size =
                    std::min<std::uint64_t>(piece_bytes_, end_bytes_ - at_bytes_) / block * block;
                if (size == 0) {
                    at_bytes_ = end_bytes_;
                    continue;
                }
                slot = {false, 0, at_bytes_, size};
            }
            if (!submit(keeper, i, now)) {
                return;
            }
            at_bytes_ += slot.attempts == 0 ? slot.size_bytes : 0;
            slot.in_use = true;
            ++slot.attempts;
            ++in_flight_;
        }
    }

    bool submit(Keeper* keeper, std::uint32_t index, drivers::TimePoint now) {
        const Slot& slot = slots_[index];
        const std::uint32_t block = driver_->geometry().block_bytes;
        profiles::Access access;
        access.offset_bytes = slot.at_bytes;
        access.size_bytes = slot.size_bytes;
        access.verify = true;
        const std::span<std::byte> data(memory_.data() + std::size_t{index} * piece_bytes_,
                                        slot.size_bytes);
        if (keeper != nullptr) {
            keeper->begin(index, access, data, now);
        }
        drivers::Request request;
        request.tag = index;
        request.range = {access.offset_bytes / block, access.size_bytes / block};
        request.data = data;
        const bool taken = driver_->submit(request);
        if (!taken && keeper != nullptr) {
            keeper->withdrawn(index);
        }
        return taken;
    }

    std::size_t poll(Keeper* keeper) {
        const std::size_t count = driver_->poll(completions_);
        if (keeper != nullptr) {
            keeper->fences(0, driver_->fences());
        }
        for (std::size_t i = 0; i < count; ++i) {
            const drivers::Completion& done = completions_[i];
            Slot& slot = slots_[done.tag];
            if (keeper != nullptr) {
                keeper->end(static_cast<std::uint32_t>(done.tag), 0, done);
            }
            slot.in_use = false;
            --in_flight_;
            const bool good = done.status == drivers::Status::good;
            if (good || slot.attempts == attempts_most) {
                slot.attempts = 0;
                (good ? bytes_read_ : bytes_failed_) += slot.size_bytes;
                if (!good) {
                    ++failures_[{done.status, done.sense}];
                }
            }
        }
        return count;
    }

    void wait() {
        const drivers::TimePoint now = clock_.now();
        const drivers::TimePoint until = std::min(driver_->next_timer(), now + nap);
        if (driver_->wait_fd() < 0) {
            clock_.sleep_until(until);
            return;
        }
        pollfd descriptor{.fd = driver_->wait_fd(), .events = POLLIN, .revents = 0};
        const auto wait_ms = std::chrono::ceil<std::chrono::milliseconds>(
            std::max(until - now, drivers::Duration(0)));
        ::poll(&descriptor, 1, static_cast<int>(wait_ms.count()));
    }

    const ReadBackSettings& settings_;
    drivers::Clock& clock_;
    std::uint32_t piece_bytes_;
    std::vector<Slot> slots_;
    std::vector<std::byte> memory_;
    std::unique_ptr<drivers::BlockDriver> driver_; // After what it borrows: closed first.
    std::array<drivers::Completion, 64> completions_;
    std::uint64_t at_bytes_ = 0;
    std::uint64_t end_bytes_ = 0;
    std::size_t in_flight_ = 0;
    std::uint64_t bytes_read_ = 0;
    std::uint64_t bytes_failed_ = 0;
    std::map<ReadFailure, std::uint64_t> failures_;
};

// More than the cache holds: the working set itself, or blocks beside it. Empty: there is nothing
// so large.
ByteRange evicting_range(const ReadBackSettings& settings,
                         const ExpectationSettings& set,
                         std::uint64_t lun_bytes) {
    const std::uint64_t wanted = settings.cache_bytes + settings.cache_bytes / 4;
    if (settings.cache_bytes == 0) {
        return {};
    }
    if (set.size_bytes > settings.cache_bytes) {
        return {set.from_bytes, set.size_bytes};
    }
    const std::uint64_t end = set.from_bytes + set.size_bytes;
    if (lun_bytes - end > settings.cache_bytes) {
        return {end, std::min(wanted, lun_bytes - end)};
    }
    return set.from_bytes > settings.cache_bytes ? ByteRange{0, std::min(wanted, set.from_bytes)}
                                                 : ByteRange{};
}

struct Eviction {
    ByteRange range; // That was to be read.
    std::uint64_t bytes = 0;
    bool beside = false;

    bool is_enough() const { return range.size_bytes > 0 && bytes >= range.size_bytes; }
};

std::string size_words(std::uint64_t bytes) {
    constexpr double mib = 1U << 20U;
    constexpr double gib = 1U << 30U;
    const auto size = static_cast<double>(bytes);
    return size < gib ? fmt::format("{:.4g} MiB", size / mib)
                      : fmt::format("{:.4g} GiB", size / gib);
}

std::string after_words(const ReadBackSettings& settings, const Eviction& eviction) {
    std::string out;
    if (eviction.is_enough()) {
        out = fmt::format("a cache-exceeding read of {}{}",
                          size_words(eviction.bytes),
                          !eviction.beside ? ""
                          : settings.thin
                              ? " beside the working set, where unmapped blocks may have passed "
                                "the cache by"
                              : " beside the working set");
    }
    if (!settings.preceded_by.empty()) {
        out += (out.empty() ? "" : ", following ") + settings.preceded_by;
    }
    if (!out.empty()) {
        return out;
    }
    if (settings.cache_bytes == 0) {
        return "nothing: the array's cache may have answered";
    }
    const std::string cache = size_words(settings.cache_bytes);
    return eviction.range.size_bytes == 0
               ? fmt::format("nothing: the whole LUN fits in the array's cache of {}, which may "
                             "have answered",
                             cache)
               : fmt::format("a read of {}, less than the array's cache of {}, which may have "
                             "answered",
                             size_words(eviction.bytes),
                             cache);
}

// Where something is known, in whole pieces.
std::vector<ByteRange> known_stretches(const Expectation& expectation, std::uint32_t piece_bytes) {
    const ExpectationSettings& set = expectation.settings();
    const std::uint64_t units_per_piece = std::max(piece_bytes / set.unit_bytes, 1U);
    std::vector<bool> known((expectation.unit_count() + units_per_piece - 1) / units_per_piece);
    for (std::uint64_t unit = 0; unit < expectation.unit_count(); ++unit) {
        if (expectation.packed(unit) != 0) {
            known[unit / units_per_piece] = true;
        }
    }
    for (const Unsettled& one : expectation.unsettled()) {
        known[one.unit / units_per_piece] = true;
    }
    std::vector<ByteRange> out;
    const std::uint64_t whole = units_per_piece * set.unit_bytes;
    for (std::size_t piece = 0; piece < known.size(); ++piece) {
        const std::uint64_t from = set.from_bytes + piece * whole;
        const std::uint64_t size = std::min(whole, set.from_bytes + set.size_bytes - from);
        if (known[piece]) {
            out.push_back({from, size});
        }
    }
    return joined(std::move(out));
}

std::vector<ByteRange> to_be_read(const Expectation& expectation,
                                  const ReadBackSettings& settings) {
    const ExpectationSettings& set = expectation.settings();
    return settings.only_known ? known_stretches(expectation, settings.piece_bytes)
                               : std::vector<ByteRange>{{set.from_bytes, set.size_bytes}};
}

} // namespace

ReadBackResult read_back(std::unique_ptr<drivers::BlockDriver> driver,
                         Expectation& expectation,
                         const ReadBackSettings& settings,
                         drivers::Clock& clock) {
    const ExpectationSettings& set = expectation.settings();
    const drivers::Geometry geometry = driver->geometry();
    const std::uint64_t lun_bytes = geometry.block_count * geometry.block_bytes;
    if (set.from_bytes + set.size_bytes > lun_bytes) {
        throw drivers::UsageError(fmt::format("verification of {} bytes from byte {}: the LUN ends "
                                              "before that",
                                              set.size_bytes,
                                              set.from_bytes));
    }
    const drivers::TimePoint begun = clock.now();
    Pass pass(std::move(driver), set, settings, clock);
    ReadBackResult out;
    Eviction eviction;
    eviction.range = evicting_range(settings, set, lun_bytes);
    eviction.beside = eviction.range.from_bytes != set.from_bytes;
    if (eviction.range.size_bytes > 0) {
        (void)pass.run(eviction.range, nullptr, begun + settings.time_limit / 2);
        eviction.bytes = pass.bytes_read();
    }
    out.cache_left = eviction.is_enough() || !settings.preceded_by.empty();
    out.after = after_words(settings, eviction);
    if (!pass.is_answered() || pass.is_stopped() || pass.is_ended_for_good()) {
        out.end = pass.driver().ended();
        out.end_reason = pass.driver().end_reason();
        return out;
    }
    KeeperSettings full = settings.keeper;
    full.verify = Verify::full;
    full.slots = depth_most;
    const std::vector<ByteRange> stretches = to_be_read(expectation, settings);
    Keeper keeper(expectation, full);
    out.complete = true;
    for (const ByteRange& stretch : stretches) {
        out.complete = out.complete && pass.run(stretch, &keeper, begun + settings.time_limit);
        out.bytes_read += pass.bytes_read();
        out.bytes_failed += pass.bytes_failed();
        for (const auto& [how, count] : pass.failures()) {
            out.failures[how] += count;
        }
        if (!out.complete) {
            break;
        }
    }
    out.end = pass.driver().ended();
    out.end_reason = pass.driver().end_reason();
    out.findings.merge(keeper.findings());
    out.counts = keeper.counts();
    return out;
}

} // namespace bench::integrity
