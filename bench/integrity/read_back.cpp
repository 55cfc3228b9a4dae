// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/read_back.h"

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

// One pass over the working set with as many reads in flight as the driver takes.
class Pass {
public:
    Pass(std::unique_ptr<drivers::BlockDriver> driver,
         const ExpectationSettings& set,
         const ReadBackSettings& settings,
         drivers::Clock& clock)
        : set_(set)
        , settings_(settings)
        , clock_(clock)
        , piece_bytes_(piece_for(*driver, set, settings))
        , slots_(std::min(depth_most, driver->depth()))
        , memory_(slots_.size() * piece_bytes_)
        , driver_(std::move(driver)) {}

    // `keeper` may be null: read and forget. True: the end was reached.
    bool run(Keeper* keeper, drivers::TimePoint until) {
        at_bytes_ = 0;
        while (at_bytes_ < set_.size_bytes || in_flight_ > 0) {
            const drivers::TimePoint now = clock_.now();
            if (now >= until || (settings_.stop != nullptr && *settings_.stop)) {
                return false;
            }
            submit_more(keeper, now);
            if (poll(keeper) == 0 && in_flight_ > 0) {
                wait();
            }
        }
        return true;
    }

    std::uint64_t bytes_read() const { return bytes_read_; }
    std::uint64_t bytes_failed() const { return bytes_failed_; }

private:
    struct Slot {
        bool in_use = false;
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

    void submit_more(Keeper* keeper, drivers::TimePoint now) {
        for (std::uint32_t i = 0; i < slots_.size() && at_bytes_ < set_.size_bytes; ++i) {
            if (slots_[i].in_use) {
                continue;
            }
            const std::uint32_t block = driver_->geometry().block_bytes;
            const std::uint64_t size =
                std::min<std::uint64_t>(piece_bytes_, set_.size_bytes - at_bytes_) / block * block;
            if (size == 0) {
                at_bytes_ = set_.size_bytes;
                return;
            }
            profiles::Access access;
            access.offset_bytes = set_.from_bytes + at_bytes_;
            access.size_bytes = size;
            access.verify = true;
            const std::span<std::byte> data(memory_.data() + std::size_t{i} * piece_bytes_, size);
            if (keeper != nullptr) {
                keeper->begin(i, access, data, now);
            }
            drivers::Request request;
            request.tag = i;
            request.range = {access.offset_bytes / block, size / block};
            request.data = data;
            if (!driver_->submit(request)) {
                if (keeper != nullptr) {
                    keeper->withdrawn(i);
                }
                return;
            }
            slots_[i] = {true, size};
            ++in_flight_;
            at_bytes_ += size;
        }
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
            const bool good = done.status == drivers::Status::good;
            bytes_read_ += good && keeper != nullptr ? slot.size_bytes : 0;
            bytes_failed_ += good ? 0 : slot.size_bytes;
            slot.in_use = false;
            --in_flight_;
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

    const ExpectationSettings& set_;
    const ReadBackSettings& settings_;
    drivers::Clock& clock_;
    std::uint32_t piece_bytes_;
    std::vector<Slot> slots_;
    std::vector<std::byte> memory_;
    std::unique_ptr<drivers::BlockDriver> driver_; // After what it borrows: closed first.
    std::array<drivers::Completion, 64> completions_;
    std::uint64_t at_bytes_ = 0;
    std::size_t in_flight_ = 0;
    std::uint64_t bytes_read_ = 0;
    std::uint64_t bytes_failed_ = 0;
};

std::string after_words(const ReadBackSettings& settings, std::uint64_t evicted_bytes) {
    if (evicted_bytes != 0) {
        return fmt::format("a cache-exceeding read of {} bytes{}{}",
                           evicted_bytes,
                           settings.preceded_by.empty() ? "" : ", following ",
                           settings.preceded_by);
    }
    return settings.preceded_by.empty() ? "nothing: the array's cache may have answered"
                                        : settings.preceded_by;
}

} // namespace

ReadBackResult read_back(std::unique_ptr<drivers::BlockDriver> driver,
                         Expectation& expectation,
                         const ReadBackSettings& settings,
                         drivers::Clock& clock) {
    const ExpectationSettings& set = expectation.settings();
    const drivers::Geometry& geometry = driver->geometry();
    if (set.from_bytes + set.size_bytes > geometry.block_count * geometry.block_bytes) {
        throw drivers::UsageError(fmt::format("verification of {} bytes from byte {}: the LUN ends "
                                              "before that",
                                              set.size_bytes,
                                              set.from_bytes));
    }
    const drivers::TimePoint until = clock.now() + settings.time_limit;
    Pass pass(std::move(driver), set, settings, clock);
    ReadBackResult out;
    const bool evicts = settings.cache_bytes != 0 && set.size_bytes > settings.cache_bytes;
    if (evicts && !pass.run(nullptr, until)) {
        out.after = after_words(settings, 0);
        return out;
    }
    out.after = after_words(settings, evicts ? set.size_bytes : 0);
    KeeperSettings full = settings.keeper;
    full.verify = Verify::full;
    full.slots = depth_most;
    Keeper keeper(expectation, full);
    out.complete = pass.run(&keeper, until);
    out.findings.merge(keeper.findings());
    out.counts = keeper.counts();
    out.bytes_read = pass.bytes_read();
    out.bytes_failed = pass.bytes_failed();
    return out;
}

} // namespace bench::integrity
