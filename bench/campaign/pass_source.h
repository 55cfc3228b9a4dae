// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/ranges.h"
#include "profiles/source.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace bench::campaign {

struct PassSettings {
    profiles::AccessOp op = profiles::AccessOp::write;
    std::vector<integrity::ByteRange> stretches{}; // Whole blocks; none of them empty.
    std::uint32_t piece_bytes = 256U << 10U;
    std::uint32_t depth = 8;
    std::uint32_t passes = 1;
    bool verify = false;
    std::atomic<bool>* finished = nullptr; // Raised when the last answer is in.
};

// Goes over stretches of a LUN in sequence, so many times, in a closed loop: preconditioning with
// writes, verification with reads. What fails is not repeated.
class PassSource final : public profiles::Source {
public:
    explicit PassSource(const PassSettings& settings);

    std::span<const profiles::StreamInfo> streams() const noexcept override { return streams_; }
    std::optional<profiles::Duration> next_due() noexcept override;
    std::size_t take(profiles::Duration now, std::span<profiles::Access> out) noexcept override;
    void completed(const profiles::AccessOutcome& outcome) noexcept override;
    bool ended() const noexcept override { return passes_left_ == 0; }
    std::uint64_t failed() const noexcept { return failed_; }

private:
    PassSettings settings_;
    std::array<profiles::StreamInfo, 1> streams_;
    std::size_t stretch_ = 0;
    std::uint64_t at_bytes_ = 0; // Within the stretch.
    std::uint64_t next_id_ = 0;
    std::uint32_t passes_left_ = 0;
    std::uint32_t in_flight_ = 0;
    std::uint64_t failed_ = 0;
    profiles::Duration due_{0}; // The completion that made room.
};

} // namespace bench::campaign
