// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/unit_state.h"

#include <algorithm>
#include <cstdint>

namespace bench::integrity {

// Which acknowledged writes a flush has made durable. A flush covers what was acknowledged before
// it was begun; the epoch kept with a write is the number of flushes begun by then. Errs only
// towards "not durable".
class FlushEpochs {
public:
    std::uint16_t now() const noexcept {
        return static_cast<std::uint16_t>(epoch_first + begun_ % epoch_count);
    }
    std::uint64_t begin() noexcept { return ++begun_; }
    void done(std::uint64_t number) noexcept {
        if (!cut_open_ && number > void_through_) {
            completed_ = std::max(completed_, number);
        }
    }

    bool is_durable(std::uint16_t epoch) const noexcept {
        if (epoch == epoch_durable || epoch == epoch_suspect) {
            return epoch == epoch_durable;
        }
        // The latest number that this epoch can stand for: never earlier than the truth.
        const bool is_coarse = epoch >= epoch_coarse_first;
        const std::uint64_t modulus = is_coarse ? epoch_coarse_count : epoch_count;
        const std::uint64_t first = is_coarse ? epoch_coarse_first : epoch_first;
        const std::uint64_t residue = epoch - first;
        const std::uint64_t back = (begun_ % modulus + modulus - residue) % modulus;
        return back <= begun_ && completed_ > begun_ - back;
    }

    // True if a power cut may take the content with this epoch away.
    bool is_suspect(std::uint16_t epoch) const noexcept {
        return epoch == epoch_suspect || (cut_open_ && !is_durable(epoch));
    }

    // From announcement to end of a power cut no flush proves anything, nor does one begun then.
    void open_cut() noexcept { cut_open_ = true; }
    void close_cut() noexcept {
        cut_open_ = false;
        void_through_ = begun_;
    }
    bool cut_is_open() const noexcept { return cut_open_; }

private:
    std::uint64_t begun_ = 0;
    std::uint64_t completed_ = 0;
    std::uint64_t void_through_ = 0;
    bool cut_open_ = false;
};

} // namespace bench::integrity
