// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/canary_view.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace bench::egress {

namespace {

constexpr std::size_t history_bytes = 64; // A reversed token stands before its marker.
constexpr std::size_t unpackers_per_view = 4;
constexpr std::uint64_t unpackers_max = 256;
constexpr std::size_t room_bytes = 64U << 10U;
constexpr std::size_t seen_max = 64;
constexpr std::size_t line_bytes_max = 512; // Longer lines are not folded ones.
constexpr std::size_t secrets_max = 4096;

// Where the last line break stands that cuts what has no spaces, as encoders fold it; npos = none
// from `from` on.
std::size_t last_fold(Bytes all, std::size_t from) {
    constexpr std::size_t before = 16;
    std::size_t out = std::string::npos;
    while (from < all.size()) {
        const void* found = std::memchr(all.data() + from, '\n', all.size() - from);
        if (found == nullptr) {
            break;
        }
        const auto at = static_cast<std::size_t>(static_cast<const std::byte*>(found) - all.data());
        std::size_t end = at;
        end -= end > 0 && all[end - 1] == std::byte{'\r'} ? 1U : 0U;
        const Bytes line = all.subspan(end - std::min(end, before), std::min(end, before));
        const bool dense = std::all_of(line.rbegin(), line.rend(), [](std::byte value) {
            return value > std::byte{0x20} && value < std::byte{0x7F};
        });
        out = line.size() == before && dense ? at : out;
        from = at + 1;
    }
    return out;
}

void append_unfolded(std::vector<std::byte>& out, Bytes text) {
    std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](std::byte value) {
        return value != std::byte{'\n'} && value != std::byte{'\r'};
    });
}

} // namespace

CanaryTools::CanaryTools(const integrity::CanaryKey& run_key)
    : key(run_key)
    , marker(integrity::canary_marker(run_key))
    , scan(marker) {
    for (auto& room : rooms) {
        room.resize(room_bytes);
    }
}

// As integrity::read_canary, with the secrets remembered.
std::optional<integrity::CanaryPlace> CanaryTools::read(const integrity::CanaryToken& token) {
    const integrity::CanaryPlace place = integrity::canary_place(token);
    const auto which = std::tuple(place.lun, place.phase, place.arm);
    if (secrets_.size() >= secrets_max && secrets_.count(which) == 0) {
        secrets_.clear();
    }
    const auto [found, fresh] = secrets_.try_emplace(which);
    if (fresh) {
        found->second = integrity::canary_secret(key, place);
    }
    return integrity::is_authentic(found->second, token) ? std::optional(place) : std::nullopt;
}

CanaryView::CanaryView(CanaryTools& tools, unsigned depth, std::string inside, bool folds)
    : tools_(tools)
    , depth_(depth)
    , inside_(std::move(inside))
    , folds_(folds) {}

CanaryView::~CanaryView() {
    tools_.unpackers -= packed_.size();
}

void CanaryView::take(Bytes piece, const Hearer& hearer) {
    const std::size_t fresh_from = kept_.size();
    tools_.searched_bytes += depth_ == 0 ? piece.size() : 0;
    kept_.insert(kept_.end(), piece.begin(), piece.end());
    const Bytes all(kept_);
    look(all, false, hearer);
    if (depth_ < tools_.rooms.size()) {
        unpack(all, fresh_from, hearer);
    }
    if (folds_) {
        unfold(all, fresh_from, hearer);
    }
    const std::size_t first_waiting = waiting_.empty() ? kept_.size() : waiting_.front().at;
    const std::size_t needed = std::min({first_waiting, scanned_, looked_packed_});
    const std::size_t drop = needed > history_bytes ? needed - history_bytes : 0;
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(drop));
    scanned_ -= drop;
    looked_packed_ -= drop;
    last_at_ -= std::min(last_at_, drop);
    for (Sighting& sighting : waiting_) {
        sighting.at -= drop;
    }
}

void CanaryView::end(const Hearer& hearer) {
    look(kept_, true, hearer);
    for (Packed& packed : packed_) {
        if (packed.view) {
            packed.view->end(hearer);
        }
    }
    tools_.unpackers -= packed_.size();
    packed_.clear();
    if (unfolded_) {
        unfolded_->end(unless_seen(hearer));
        unfolded_.reset();
    }
    kept_ = {};
    scanned_ = 0;
    looked_packed_ = 0;
    last_at_ = 0;
}

bool CanaryView::has_seen(const integrity::CanaryPlace& place) const {
    return std::find(seen_.begin(), seen_.end(), place) != seen_.end();
}

CanaryView::Hearer CanaryView::unless_seen(const Hearer& hearer) const {
    return [this, &hearer](const CanaryHit& hit) {
        if (hit.place && !has_seen(*hit.place)) {
            hearer(hit);
        }
    };
}

// A pattern that might still be growing at the end is left for the next look.
void CanaryView::look(Bytes all, bool last, const Hearer& hearer) {
    tools_.sightings.clear();
    tools_.scan.find(all, scanned_, tools_.sightings);
    const std::size_t growing = tools_.scan.pattern_bytes_max() - 1;
    const std::size_t until = last                   ? all.size()
                              : all.size() > growing ? std::max(scanned_, all.size() - growing)
                                                     : scanned_;
    for (const Sighting& sighting : tools_.sightings) {
        if (sighting.at < until) {
            waiting_.push_back(sighting);
        }
    }
    scanned_ = until;
    if (!waiting_.empty()) {
        settle(all, last, hearer);
    }
}

void CanaryView::settle(Bytes all, bool last, const Hearer& hearer) {
    std::stable_sort(
        waiting_.begin(), waiting_.end(), [](const Sighting& left, const Sighting& right) {
            return left.at < right.at;
        });
    std::size_t decided = 0;
    while (decided < waiting_.size()) {
        const std::size_t at = waiting_[decided].at;
        if (!last && at + encoded_token_bytes_max > all.size()) {
            break;
        }
        std::size_t next = decided;
        while (next < waiting_.size() && waiting_[next].at == at) {
            ++next;
        }
        decide(all, std::span(waiting_).subspan(decided, next - decided), hearer);
        decided = next;
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(decided));
}

// Several encodings may write the marker alike: the one that reads the rest is meant.
void CanaryView::decide(Bytes all, std::span<const Sighting> sightings, const Hearer& hearer) {
    const std::size_t at = sightings.front().at;
    if (last_at_ != 0 && at <= last_at_) {
        return; // The same characters of 16 bits, read one byte on.
    }
    last_at_ = at + 1;
    std::optional<CanaryHit> best;
    for (const Sighting& sighting : sightings) {
        CanaryHit hit = read(all, sighting);
        if (!best || (hit.place && !best->place)) {
            best = std::move(hit);
        }
    }
    if (best->place) {
        if (seen_.size() < seen_max) {
            seen_.push_back(*best->place);
        } else {
            seen_[seen_next_++ % seen_max] = *best->place;
        }
    }
    hearer(*best);
}

CanaryHit CanaryView::read(Bytes all, const Sighting& sighting) {
    CanaryHit out;
    out.inside = inside_;
    DecodedToken decoded;
    if (sighting.xor_key != 0) {
        out.encoding = fmt::format("XOR 0x{:02x}", sighting.xor_key);
        const Bytes from = all.subspan(sighting.at);
        if (from.size() >= integrity::canary_token_bytes) {
            decoded.token.emplace();
            std::transform(from.begin(),
                           from.begin() + integrity::canary_token_bytes,
                           decoded.token->begin(),
                           [&](std::byte value) { return value ^ std::byte{sighting.xor_key}; });
        }
    } else {
        const Encoding& encoding = tools_.scan.encodings()[sighting.encoding];
        decoded = decode_token(encoding, tools_.marker, all, sighting.at);
        out.encoding = name_of(encoding);
        if (decoded.url_safe && encoding.codec == Codec::base64) {
            out.encoding.replace(0, 6, "base64url");
        }
    }
    if (decoded.token) {
        out.place = tools_.read(*decoded.token);
    }
    return out;
}

// False once the stream has ended, one way or another.
bool CanaryView::feed(Packed& packed, Bytes bytes, const Hearer& hearer) {
    const std::uint64_t before = packed.unpacker->bytes_out();
    const auto state = packed.unpacker->take(bytes, tools_.rooms[depth_], [&](Bytes unpacked) {
        if (!packed.view) {
            packed.view = std::make_unique<CanaryView>(
                tools_,
                depth_ + 1,
                inside_.empty()
                    ? name_of(packed.unpacker->packing())
                    : fmt::format("{} in {}", name_of(packed.unpacker->packing()), inside_),
                folds_);
        }
        packed.view->take(unpacked, hearer);
    });
    tools_.unpacked_bytes += packed.unpacker->bytes_out() - before;
    tools_.unpacked_streams += state == Unpacker::State::ended ? 1U : 0U;
    tools_.bombs += state == Unpacker::State::too_long ? 1U : 0U;
    if (state == Unpacker::State::going) {
        return true;
    }
    if (packed.view) {
        packed.view->end(hearer);
    }
    return false;
}

void CanaryView::unpack(Bytes all, std::size_t fresh_from, const Hearer& hearer) {
    for (std::size_t i = 0; i < packed_.size();) {
        const bool may_go_on = tools_.may_unpack();
        tools_.unpackers_refused += may_go_on ? 0U : 1U;
        if (may_go_on && feed(packed_[i], all.subspan(fresh_from), hearer)) {
            ++i;
        } else {
            packed_.erase(packed_.begin() + static_cast<std::ptrdiff_t>(i));
            --tools_.unpackers;
        }
    }
    std::vector<PackedStart> starts;
    starts.swap(tools_.starts); // What unpacks looks for starts, too.
    starts.clear();
    find_packed(all, looked_packed_, starts);
    looked_packed_ = std::max(looked_packed_, all.size() - std::min<std::size_t>(all.size(), 2));
    for (const PackedStart& start : starts) {
        if (packed_.size() >= unpackers_per_view || tools_.unpackers >= unpackers_max ||
            !tools_.may_begin()) {
            ++tools_.unpackers_refused;
            continue;
        }
        Packed packed{std::make_unique<Unpacker>(start.packing, tools_.limits), nullptr};
        ++tools_.unpackers;
        ++tools_.unpackers_begun;
        if (feed(packed, all.subspan(start.at), hearer)) {
            packed_.push_back(std::move(packed));
        } else {
            --tools_.unpackers;
        }
    }
    starts.swap(tools_.starts);
} // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): what `packed` had made goes with it.

void CanaryView::unfold(Bytes all, std::size_t fresh_from, const Hearer& hearer) {
    const std::size_t fold = last_fold(all, fresh_from);
    since_fold_ =
        fold == std::string::npos ? since_fold_ + all.size() - fresh_from : all.size() - fold;
    if (fold == std::string::npos && (!unfolded_ || since_fold_ > line_bytes_max)) {
        if (unfolded_) {
            unfolded_->end(unless_seen(hearer));
            unfolded_.reset();
        }
        return;
    }
    std::vector<std::byte> joined;
    joined.reserve(all.size());
    if (!unfolded_) {
        unfolded_ = std::make_unique<CanaryView>(
            tools_, static_cast<unsigned>(tools_.rooms.size()), inside_, false);
        fresh_from -= std::min(fresh_from, history_bytes);
    }
    append_unfolded(joined, all.subspan(fresh_from));
    unfolded_->take(joined, unless_seen(hearer));
}

} // namespace bench::egress
