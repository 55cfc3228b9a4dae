// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <vector>

namespace drivers {

// A LUN that completes whatever it is asked at the next poll and touches no data: what remains is
// the cost of the bench itself.
class NullDriver final : public BlockDriver {
public:
    NullDriver(std::uint64_t size_bytes, std::size_t depth, const Clock& clock);

    const Geometry& geometry() const noexcept override { return geometry_; }
    const Identity& identity() const noexcept override { return identity_; }
    std::size_t depth() const noexcept override { return depth_; }
    [[nodiscard]] bool submit(const Request& request) noexcept override;
    std::size_t poll(std::span<Completion> out) noexcept override;
    int wait_fd() const noexcept override { return -1; }
    TimePoint next_timer() const noexcept override;

private:
    const Clock& clock_;
    Geometry geometry_;
    Identity identity_;
    std::size_t depth_;
    std::vector<std::uint64_t> tags_; // Taken and not yet handed out, the oldest at `first_`.
    std::size_t first_ = 0;
    std::size_t held_ = 0;
};

} // namespace drivers
