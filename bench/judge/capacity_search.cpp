// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/capacity_search.h"

#include <algorithm>
#include <cmath>

namespace bench::judge {

namespace {

constexpr std::uint32_t unclear_most = 3; // Then the bench cannot tell.
constexpr std::uint32_t fails_of_a_step = 2;

} // namespace

CapacitySearch::CapacitySearch(SearchSettings settings)
    : settings_(std::move(settings)) {
    const auto& rungs = settings_.rungs;
    done_ = rungs.empty();
    if (!done_ && settings_.start > 0) {
        const auto above = std::lower_bound(rungs.begin(), rungs.end(), settings_.start);
        at_ = static_cast<std::size_t>(std::min(above, rungs.end() - 1) - rungs.begin());
    }
}

CapacitySearch::State CapacitySearch::state_of(const Votes& votes) const {
    if (settings_.bisect) {
        const std::uint32_t told = votes.sustained + votes.failed;
        if (told >= settings_.rounds) {
            return votes.sustained * 2 > told ? State::held : State::fell;
        }
        return votes.unclear >= settings_.rounds + unclear_most ? State::unclear : State::open;
    }
    if (votes.failed >= fails_of_a_step) {
        return State::fell;
    }
    if (votes.sustained > 0) {
        return State::held;
    }
    return votes.unclear >= unclear_most ? State::unclear : State::open;
}

std::optional<std::uint32_t> CapacitySearch::next() const {
    return done_ ? std::nullopt : std::optional(settings_.rungs[at_]);
}

void CapacitySearch::tell(std::uint32_t targets, Vote vote) {
    Votes& votes = votes_[targets];
    votes.sustained += vote == Vote::sustained ? 1U : 0U;
    votes.failed += vote == Vote::failed ? 1U : 0U;
    votes.unclear += vote == Vote::unclear ? 1U : 0U;
    if (done_ || targets != settings_.rungs[at_]) {
        return;
    }
    const State state = state_of(votes);
    if (state == State::open) {
        return;
    }
    if (state == State::held) {
        good_ = at_;
    } else {
        bad_ = at_;
        bad_is_unclear_ = state == State::unclear;
    }
    advance();
}

void CapacitySearch::advance() {
    const std::size_t last = settings_.rungs.size() - 1;
    if (!bad_) {
        done_ = *good_ == last;
        at_ = std::min(*good_ + settings_.stride, last);
    } else if (!good_) {
        done_ = *bad_ == 0;
        at_ = *bad_ > settings_.stride ? *bad_ - settings_.stride : 0;
    } else {
        done_ = *bad_ - *good_ == 1;
        at_ = settings_.bisect ? (*good_ + *bad_) / 2 : *good_ + 1;
    }
}

CapacitySearch::End CapacitySearch::end() const {
    if (!done_) {
        return End::open;
    }
    if (!bad_) {
        return End::offer;
    }
    return bad_is_unclear_ ? End::bench : End::array;
}

std::optional<std::uint32_t> CapacitySearch::found() const {
    return good_ ? std::optional(settings_.rungs[*good_]) : std::nullopt;
}

std::optional<std::uint32_t> CapacitySearch::beyond() const {
    return bad_ ? std::optional(settings_.rungs[*bad_]) : std::nullopt;
}

std::optional<std::uint32_t> CapacitySearch::sustained_always() const {
    std::optional<std::uint32_t> out;
    for (const auto& [targets, votes] : votes_) {
        if (votes.failed > 0 || votes.sustained == 0) {
            break;
        }
        out = targets;
    }
    return out;
}

std::optional<std::uint32_t> CapacitySearch::sustained_never() const {
    std::optional<std::uint32_t> out;
    for (const auto& [targets, votes] : votes_) {
        if (votes.sustained > 0) {
            out.reset();
        } else if (votes.failed > 0 && !out) {
            out = targets;
        }
    }
    return out;
}

std::vector<std::uint32_t> rungs_between(double from, double to, double resolution) {
    std::vector<std::uint32_t> out;
    const auto last = static_cast<std::uint32_t>(std::lround(to));
    double exact = from;
    for (auto rung = static_cast<std::uint32_t>(std::lround(from)); rung < last;) {
        out.push_back(rung);
        exact *= 1 + resolution;
        rung = std::max(rung + 1, static_cast<std::uint32_t>(std::lround(exact)));
    }
    out.push_back(last);
    return out;
}

} // namespace bench::judge
