// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/capacity.h"

#include "bench/judge/capacity_cost.h"

#include <algorithm>

namespace bench::judge {

using results::CapacityPointRecord;
using results::CapacityRecord;
using results::RoundRecord;

namespace {

const char* name_of(CapacitySearch::End end) {
    switch (end) {
    case CapacitySearch::End::array:
        return "array";
    case CapacitySearch::End::offer:
        return "plan";
    case CapacitySearch::End::bench:
        return "bench";
    case CapacitySearch::End::open:
        break;
    }
    return "";
}

// What the judgement of a number of targets needs of a round; its series are large.
RoundRecord essence(const RoundRecord& round) {
    RoundRecord out;
    out.point_value = round.point_value;
    out.ended = round.ended;
    out.ramp_ns = round.ramp_ns;
    out.duration_ns = round.duration_ns;
    out.streams = round.streams;
    out.audit = round.audit;
    out.disturbances = round.disturbances;
    out.measures = round.measures;
    return out;
}

} // namespace

CapacityBook::CapacityBook(CapacityQuestion question)
    : question_(std::move(question))
    , left_out_(question_.arrays.size()) {
    open_variants();
}

// A variant begins when all before it are found: near where the platform itself ended.
void CapacityBook::open_variants() {
    const std::size_t arrays = question_.arrays.size();
    while (books_.size() < question_.variants.size() * arrays &&
           (books_.empty() || is_done(books_.size() / arrays - 1))) {
        const bool base = books_.empty();
        for (std::size_t array = 0; array < arrays; ++array) {
            SearchSettings settings = question_.search;
            settings.start = base ? 0 : book(0, array).search.found().value_or(0);
            books_.push_back({CapacitySearch(std::move(settings)), {}, {}, {}});
        }
    }
}

bool CapacityBook::is_done(std::size_t variant) const {
    for (std::size_t array = 0; array < question_.arrays.size(); ++array) {
        if (!left_out_[array] && book(variant, array).search.next()) {
            return false;
        }
    }
    return true;
}

std::vector<CapacityBook::Trial> CapacityBook::next() const {
    std::vector<Trial> out;
    const std::size_t arrays = question_.arrays.size();
    if (books_.empty()) {
        return out;
    }
    const std::size_t variant = books_.size() / arrays - 1;
    for (std::size_t array = 0; array < arrays; ++array) {
        const CapacitySearch& search = book(variant, array).search;
        const auto targets = search.next();
        if (targets && !left_out_[array]) {
            Trial trial{variant, array, *targets, 0};
            const auto votes = search.votes().find(*targets);
            if (votes != search.votes().end()) {
                trial.repetition =
                    votes->second.sustained + votes->second.failed + votes->second.unclear;
            }
            out.push_back(trial);
        }
    }
    return out;
}

// Somebody's round of the next variant: who has not come to its end in this one was left out.
void CapacityBook::pass_on() {
    const std::size_t variant = books_.size() / question_.arrays.size() - 1;
    for (std::size_t array = 0; array < question_.arrays.size(); ++array) {
        left_out_[array] = left_out_[array] || book(variant, array).search.next().has_value();
    }
    open_variants();
}

void CapacityBook::leave_out(std::size_t array) {
    left_out_.at(array) = true;
    open_variants();
}

RoundVote CapacityBook::tell(const RoundRecord& round) {
    const auto variant =
        std::find_if(question_.variants.begin(), question_.variants.end(), [&](const auto& one) {
            return one.workload == round.workload;
        });
    const auto array = std::find_if(question_.arrays.begin(),
                                    question_.arrays.end(),
                                    [&](const auto& one) { return one.name == round.array; });
    const auto place = static_cast<std::size_t>(variant - question_.variants.begin());
    if (variant != question_.variants.end() && !books_.empty() &&
        place == books_.size() / question_.arrays.size()) {
        pass_on();
    }
    if (variant == question_.variants.end() || array == question_.arrays.end() ||
        place >= books_.size() / question_.arrays.size()) {
        return {Vote::unclear, "", "a round of another question"};
    }
    Book& told = book(place, static_cast<std::size_t>(array - question_.arrays.begin()));
    const auto targets = static_cast<std::uint32_t>(round.point_value);
    if (!told.rounds.empty() && told.rounds.back().point_value != round.point_value) {
        told.rounds.clear();
    }
    told.rounds.push_back(essence(round));
    std::vector<const RoundRecord*> together;
    for (const RoundRecord& one : told.rounds) {
        together.push_back(&one);
    }
    RoundVote vote = vote_of(together, variant->terms);
    if (vote.vote != Vote::sustained) {
        told.reasons[targets] = vote.reason;
        told.limiting[targets] = vote.limiting;
    }
    told.search.tell(targets, vote.vote);
    open_variants();
    return vote;
}

CapacityRecord CapacityBook::record_of(std::size_t variant, std::size_t array) const {
    const Book& told = book(variant, array);
    const CapacitySearch& search = told.search;
    const CapacityQuestion::Array& owner = question_.arrays[array];
    CapacityRecord out;
    out.array = owner.name;
    out.variant = question_.variants[variant].name;
    out.workload = question_.variants[variant].workload;
    out.is_base = variant == 0;
    out.mode = question_.search.bisect ? "bisect" : "ramp";
    out.resolution = question_.resolution;
    out.indicative = !question_.search.bisect;
    out.offered_from = question_.search.rungs.front();
    out.offered_to = question_.search.rungs.back();
    out.ended_by = name_of(search.end());
    const auto found = search.found();
    const auto beyond = search.beyond();
    // A bench that gives out at the least number has measured nothing.
    out.measured = search.end() != CapacitySearch::End::open &&
                   (found || search.end() == CapacitySearch::End::array);
    out.targets = found.value_or(0);
    if (out.indicative) {
        out.low = found ? std::optional<double>(*found) : std::nullopt;
        out.high = beyond ? std::optional<double>(*beyond) : std::nullopt;
    } else {
        const auto always = search.sustained_always();
        const auto never = search.sustained_never();
        out.low = always ? std::optional<double>(*always) : std::nullopt;
        out.high = never ? std::optional<double>(*never) : std::nullopt;
    }
    if (beyond && told.reasons.count(*beyond) > 0) {
        out.reason = told.reasons.at(*beyond);
        out.limited_by = told.limiting.at(*beyond);
    }
    if (owner.price && out.measured && out.targets > 0) {
        out.price_per_target = *owner.price / out.targets;
        out.currency = owner.currency;
    }
    const auto here = found_by(search, question_.search.bisect, question_.resolution);
    tell_interval(here, out);
    if (variant > 0) {
        tell_cost(found_by(book(0, array).search, question_.search.bisect, question_.resolution),
                  here,
                  out.offered_from,
                  out);
    }
    for (const auto& [targets, votes] : search.votes()) {
        CapacityPointRecord point;
        point.targets = targets;
        point.sustained = votes.sustained;
        point.failed = votes.failed;
        point.unclear = votes.unclear;
        point.kept = found && targets <= *found;
        const auto reason = told.reasons.find(targets);
        point.reason = reason == told.reasons.end() ? "" : reason->second;
        out.points.push_back(std::move(point));
    }
    return out;
}

std::vector<CapacityRecord> CapacityBook::records() const {
    std::vector<CapacityRecord> out;
    const std::size_t arrays = question_.arrays.size();
    for (std::size_t variant = 0; variant < books_.size() / std::max<std::size_t>(arrays, 1);
         ++variant) {
        for (std::size_t array = 0; array < arrays; ++array) {
            out.push_back(record_of(variant, array));
        }
    }
    return out;
}

} // namespace bench::judge
