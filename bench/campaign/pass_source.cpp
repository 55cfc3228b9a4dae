// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/pass_source.h"

#include <algorithm>

namespace bench::campaign {

PassSource::PassSource(const PassSettings& settings)
    : settings_(settings)
    , streams_{{{settings.verify ? "verify" : "fill",
                 settings.op == profiles::AccessOp::read ? "read" : "write"}}}
    , passes_left_(settings.stretches.empty() ? 0 : settings.passes) {}

std::optional<profiles::Duration> PassSource::next_due() noexcept {
    if (ended() || in_flight_ >= settings_.depth) {
        return std::nullopt;
    }
    return due_;
}

std::size_t PassSource::take(profiles::Duration now, std::span<profiles::Access> out) noexcept {
    std::size_t count = 0;
    while (count < out.size() && !ended() && in_flight_ < settings_.depth && due_ <= now) {
        profiles::Access& access = out[count++];
        access = {};
        access.id = next_id_++;
        access.due = due_;
        access.op = settings_.op;
        access.verify = settings_.verify;
        const integrity::ByteRange& stretch = settings_.stretches[stretch_];
        access.offset_bytes = stretch.from_bytes + at_bytes_;
        access.size_bytes =
            std::min<std::uint64_t>(settings_.piece_bytes, stretch.size_bytes - at_bytes_);
        at_bytes_ += access.size_bytes;
        ++in_flight_;
        if (at_bytes_ == stretch.size_bytes) {
            at_bytes_ = 0;
            stretch_ = (stretch_ + 1) % settings_.stretches.size();
            passes_left_ -= stretch_ == 0 ? 1U : 0U;
        }
    }
    return count;
}

void PassSource::completed(const profiles::AccessOutcome& outcome) noexcept {
    --in_flight_;
    due_ = std::max(due_, outcome.done);
    failed_ += outcome.end == profiles::AccessEnd::good ? 0U : 1U;
    if (ended() && in_flight_ == 0 && settings_.finished != nullptr) {
        settings_.finished->store(true);
    }
}

} // namespace bench::campaign
