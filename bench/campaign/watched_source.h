// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "profiles/source.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace bench::campaign {

// One access as a disturbance sees it, from the source's epoch.
struct WatchedAccess {
    profiles::Duration due{0};
    profiles::Duration done{0};
    profiles::AccessEnd end = profiles::AccessEnd::good;
};

// Another source's accesses, each written down with its due instant and its ending. Bounded: what
// comes after `most` accesses is only counted. Knows from the first take() when its epoch was.
class WatchedSource final : public profiles::Source {
public:
    WatchedSource(std::unique_ptr<profiles::Source> inner,
                  std::size_t most,
                  const drivers::Clock& clock);

    std::span<const profiles::StreamInfo> streams() const noexcept override {
        return inner_->streams();
    }
    std::optional<profiles::Duration> next_due() noexcept override { return inner_->next_due(); }
    std::size_t take(profiles::Duration now, std::span<profiles::Access> out) noexcept override;
    void completed(const profiles::AccessOutcome& outcome) noexcept override;
    bool ended() const noexcept override { return inner_->ended(); }
    std::size_t take_delays(std::span<profiles::Delay> out) noexcept override {
        return inner_->take_delays(out);
    }
    std::vector<profiles::Measure> measures() const override { return inner_->measures(); }
    std::vector<profiles::Loss> losses() const override { return inner_->losses(); }

    // Any thread. Epoch of the clock itself: the load has not begun.
    drivers::TimePoint epoch() const noexcept {
        return drivers::TimePoint(drivers::Duration(epoch_ns_.load()));
    }

    const std::vector<WatchedAccess>& accesses() const noexcept { return accesses_; }
    std::uint64_t unwatched() const noexcept { return unwatched_; }

private:
    std::unique_ptr<profiles::Source> inner_;
    const drivers::Clock& clock_;
    std::atomic<std::int64_t> epoch_ns_{0};
    std::unordered_map<std::uint64_t, profiles::Duration> open_; // Id -> due.
    std::vector<WatchedAccess> accesses_;
    std::uint64_t unwatched_ = 0;
};

} // namespace bench::campaign
