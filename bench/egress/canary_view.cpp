// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/canary_view.h"

#include <algorithm>
#include <cstring>

namespace bench::egress {

namespace {

constexpr std::size_t history_bytes = 64; // A reversed token stands before its marker.
constexpr std::size_t seen_max = 64;
constexpr std::size_t line_bytes_max = 512; // Longer lines are not folded ones.

constexpr std::size_t fold_bytes_before = 16;

bool is_dense(const std::byte* line) { // All of it letters, digits and signs; without a branch.
    unsigned others = 0;
    for (std::size_t i = 0; i < fold_bytes_before; ++i) {
        const unsigned value = std::to_integer<unsigned>(line[i]) - 0x21U;
        others += value > 0x7EU - 0x21U ? 1U : 0U;
    }
    return others == 0;
}

// Where the last line break stands that cuts what has no spaces, as encoders fold it; npos = none
// from `from` on.
std::size_t last_fold(Bytes all, std::size_t from) {
    std::size_t out = std::string::npos;
    while (from < all.size()) {
        const void* found = std::memchr(all.data() + from, '\n', all.size() - from);
        if (found == nullptr) {
            break;
        }
        const auto at = static_cast<std::size_t>(static_cast<const std::byte*>(found) - all.data());
        const std::size_t end = at - (at > 0 && all[at - 1] == std::byte{'\r'} ? 1U : 0U);
        out = end >= fold_bytes_before && is_dense(all.data() + end - fold_bytes_before) ? at : out;
        from = at + 1 + fold_bytes_before; // A line break so near has this one before it.
    }
    return out;
}

// Without a branch: where line breaks stand is the sender's choice.
void append_unfolded(std::vector<std::byte>& out, Bytes text) {
    const std::size_t before = out.size();
    out.resize(before + text.size());
    std::byte* to = out.data() + before;
    for (const std::byte value : text) {
        *to = value;
        to += value != std::byte{'\n'} && value != std::byte{'\r'} ? 1 : 0;
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
}

} // namespace

CanaryView::CanaryView(CanaryTools& tools, unsigned depth, const std::string& inside, bool folds)
    : tools_(tools)
    , inside_(&inside)
    , depth_(depth)
    , folds_(folds) {}

void CanaryView::take(Bytes piece, const Hearer& hearer) {
    if (depth_ == 0) {
        tools_.budget.carried(piece.size());
    }
    std::vector<std::byte>& together = tools_.together[depth_];
    together.assign(kept_.begin(), kept_.end());
    together.insert(together.end(), piece.begin(), piece.end());
    const Bytes all(together);
    look(all, false, hearer);
    if (depth_ < CanaryTools::packings_deep) {
        unpack(all, piece.size(), hearer);
    }
    if (folds_) {
        unfold(all, kept_.size(), hearer);
    }
    keep(all);
}

void CanaryView::unpack(Bytes all, std::size_t fresh, const Hearer& hearer) {
    if (!packed_ && has_packed(all, looked_packed_)) {
        packed_ = std::make_unique<PackedStreams>(tools_, depth_, folds_);
    }
    if (packed_) {
        packed_->take({all, fresh, looked_packed_}, *inside_, hearer);
    }
    constexpr std::size_t growing = 2; // Of a beginning
    looked_packed_ = std::max(looked_packed_, all.size() - std::min(all.size(), growing));
}

// What the next piece may go on with.
void CanaryView::keep(Bytes all) {
    const bool waits = found_ && !found_->waiting.empty();
    const std::size_t first_waiting = waits ? found_->waiting.front().at : all.size();
    const std::size_t looked = depth_ < CanaryTools::packings_deep ? looked_packed_ : all.size();
    const std::size_t needed = std::min({first_waiting, scanned_, looked});
    const std::size_t drop = needed > history_bytes ? needed - history_bytes : 0;
    kept_.assign(all.begin() + static_cast<std::ptrdiff_t>(drop), all.end());
    scanned_ -= drop;
    looked_packed_ -= std::min(looked_packed_, drop);
    if (found_) {
        found_->last_at -= std::min(found_->last_at, drop);
        for (Sighting& sighting : found_->waiting) {
            sighting.at -= drop;
        }
    }
}

void CanaryView::end(const Hearer& hearer) {
    look(kept_, true, hearer);
    if (packed_) {
        packed_->end(hearer);
        packed_.reset();
    }
    if (unfolded_) {
        unfolded_->end(unless_seen(hearer));
        unfolded_.reset();
    }
    kept_ = {};
    scanned_ = 0;
    looked_packed_ = 0;
    if (found_) {
        found_->last_at = 0;
    }
}

bool CanaryView::has_seen(const integrity::CanaryPlace& place) const {
    return found_ &&
           std::find(found_->seen.begin(), found_->seen.end(), place) != found_->seen.end();
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
    CanaryHit unread;
    unread.count = 0;
    for (const Sighting& sighting : tools_.sightings) {
        if (sighting.at >= until) {
            continue;
        }
        if (tools_.budget.may_read()) {
            found_ = found_ ? std::move(found_) : std::make_unique<Found>();
            found_->waiting.push_back(sighting);
        } else if (unread.count++ == 0) {
            unread.encoding = name_of(sighting);
        }
    }
    scanned_ = until;
    if (found_ && !found_->waiting.empty()) {
        settle(all, last, hearer);
    }
    if (unread.count > 0) {
        tools_.unread += unread.count;
        unread.inside = *inside_;
        hearer(unread);
    }
}

const std::string& CanaryView::name_of(const Sighting& sighting) const {
    return sighting.xor_key != 0 ? tools_.name_of_xor(sighting.xor_key)
                                 : tools_.name_of_encoding(sighting.encoding);
}

void CanaryView::settle(Bytes all, bool last, const Hearer& hearer) {
    std::vector<Sighting>& waiting = found_->waiting;
    std::stable_sort(
        waiting.begin(), waiting.end(), [](const Sighting& left, const Sighting& right) {
            return left.at < right.at;
        });
    std::size_t decided = 0;
    while (decided < waiting.size()) {
        const std::size_t at = waiting[decided].at;
        if (!last && at + encoded_token_bytes_max > all.size()) {
            break;
        }
        std::size_t next = decided;
        while (next < waiting.size() && waiting[next].at == at) {
            ++next;
        }
        decide(all, std::span(waiting).subspan(decided, next - decided), hearer);
        decided = next;
    }
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(decided));
}

// Several encodings may write the marker alike: the one that reads the rest is meant.
void CanaryView::decide(Bytes all, std::span<const Sighting> sightings, const Hearer& hearer) {
    const std::size_t at = sightings.front().at;
    if (found_->last_at != 0 && at <= found_->last_at) {
        return; // The same characters of 16 bits, read one byte on.
    }
    found_->last_at = at + 1;
    std::optional<CanaryHit> best;
    for (const Sighting& sighting : sightings) {
        CanaryHit hit = read(all, sighting);
        if (!best || (hit.place && !best->place)) {
            best = std::move(hit);
        }
    }
    if (best->place) {
        if (found_->seen.size() < seen_max) {
            found_->seen.push_back(*best->place);
        } else {
            found_->seen[found_->seen_next++ % seen_max] = *best->place;
        }
    }
    hearer(*best);
}

CanaryHit CanaryView::read(Bytes all, const Sighting& sighting) {
    CanaryHit out;
    out.inside = *inside_;
    out.encoding = name_of(sighting);
    DecodedToken decoded;
    if (sighting.xor_key != 0) {
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
        if (decoded.url_safe && encoding.codec == Codec::base64) {
            out.encoding.replace(0, 6, "base64url");
        }
    }
    if (decoded.token) {
        out.place = tools_.read(*decoded.token);
    }
    return out;
}

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
    std::vector<std::byte>& joined = tools_.without_folds[depth_];
    joined.clear();
    if (!unfolded_) {
        constexpr auto innermost = static_cast<unsigned>(CanaryTools::depths - 1);
        unfolded_ = std::make_unique<CanaryView>(tools_, innermost, *inside_, false);
        fresh_from -= std::min(fresh_from, history_bytes);
    }
    append_unfolded(joined, all.subspan(fresh_from));
    unfolded_->take(joined, unless_seen(hearer));
}

} // namespace bench::egress
