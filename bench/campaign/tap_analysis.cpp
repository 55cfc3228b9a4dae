// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/tap_analysis.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace bench::campaign {

namespace {

using Kind = WatchWord::Kind;

constexpr std::int64_t look_every_ns = 100'000'000;
constexpr std::size_t dns_log_max = 1'000'000;

// Calendar minus monotonic clock; none where this thread was held up between the two readings.
std::optional<std::int64_t> clock_offset_ns() {
    constexpr std::int64_t held_up_ns = 500'000;
    const std::int64_t before = steady_now_ns();
    const std::int64_t utc = utc_now_ns();
    const std::int64_t after = steady_now_ns();
    return after - before < held_up_ns ? std::optional(utc - before) : std::nullopt;
}

} // namespace

TapAnalysis::TapAnalysis(WatchOrders orders, Taps taps, std::function<void()> hear)
    : orders_(std::move(orders))
    , policy_(orders_.policy)
    , taps_(std::move(taps))
    , hear_(std::move(hear)) {
    egress::AnalysisSettings analysing;
    analysing.dns_log_max = dns_log_max;
    analysing.packets = &coupling_;
    if (orders_.canaries) {
        search_.emplace(*orders_.canaries);
        analysing.content = &*search_;
    }
    if (orders_.marker_key) {
        markers_.emplace(*orders_.marker_key);
    }
    analysis_ = std::make_unique<egress::Analysis>(policy_, analysing);
    for (const drivers::capture::LiveSettings& tap : orders_.taps) {
        books_of_taps_.emplace_back().interface = tap.interface;
    }
    began_ns_ = utc_now_ns();
    seconds_.begin(began_ns_, began_ns_ - steady_now_ns());
}

void TapAnalysis::tell(const WatchWord& word) {
    if (word.kind == Kind::phase || word.kind == Kind::slot || word.kind == Kind::slot_end) {
        if (ended_ns_ == 0) {
            turns_to_take_.push_back(word);
        }
        return;
    }
    if (word.place >= books_of_taps_.size()) {
        return;
    }
    TapBook& tap = books_of_taps_[word.place];
    switch (word.kind) {
    case Kind::markers_from:
        tap.markers_from.insert(word.text);
        break;
    case Kind::no_markers:
        tap.no_markers = word.text;
        break;
    case Kind::marker:
        tap.markers.sent({word.number, word.at_ns, 0});
        break;
    case Kind::marker_refused:
        ++tap.markers_refused;
        break;
    default:
        break;
    }
}

std::uint64_t TapAnalysis::dropped() const {
    std::uint64_t out = 0;
    for (const TapBook& tap : books_of_taps_) {
        out += tap.dropped;
    }
    return out;
}

std::vector<int> TapAnalysis::descriptors() const {
    std::vector<int> out;
    for (const auto& tap : taps_) {
        if (broken_.empty()) {
            out.push_back(tap->descriptor());
        }
    }
    return out;
}

EgressBooks TapAnalysis::books_at(std::int64_t at_ns) const {
    const egress::Ledger& ledger = analysis_->ledger();
    return {ledger.captured().frames,
            ledger.captured().bytes,
            ledger.allowed().bytes,
            ledger.unlisted().bytes,
            ledger.undecoded().bytes,
            at_ns - began_ns_};
}

EgressBooks TapAnalysis::books() const {
    return books_at(ended_ns_ != 0 ? ended_ns_ : utc_now_ns());
}

void TapAnalysis::take_turns(std::int64_t until_ns) {
    while (!turns_to_take_.empty() && turns_to_take_.front().at_ns <= until_ns) {
        const WatchWord turn = std::move(turns_to_take_.front());
        turns_to_take_.pop_front();
        if (turn.kind == Kind::slot) {
            coupling_.begin_slot(
                static_cast<std::uint32_t>(turn.number), turn.place == 1, turn.at_ns);
            continue;
        }
        if (turn.kind == Kind::slot_end) {
            coupling_.end_slot(turn.at_ns);
            continue;
        }
        const EgressBooks now = books_at(turn.at_ns);
        by_phase_[phase_] += now - phase_began_;
        phase_began_ = now;
        phase_ = turn.text;
        analysis_->begin_phase(turn.text, turn.at_ns);
    }
}

void TapAnalysis::take(const drivers::Frame& frame) {
    const std::int64_t at_ns = frame.at.time_since_epoch().count();
    if (at_ns > heard_ns_) {
        heard_ns_ = utc_now_ns();
        hear_();
    }
    if (markers_) {
        const auto marker = markers_->read(frame.bytes);
        if (marker && books_of_taps_[frame.tap].markers.seen(*marker, at_ns)) {
            return;
        }
    }
    take_turns(at_ns);
    analysis_->frame(frame);
}

bool TapAnalysis::take_frames(drivers::capture::PcapSource& tap) {
    constexpr int frames_max = 4096;
    drivers::Frame frame;
    for (int i = 0; i < frames_max; ++i) {
        switch (tap.next(frame, drivers::TimePoint{})) {
        case drivers::Next::frame:
            take(frame);
            break;
        case drivers::Next::idle:
            return false;
        case drivers::Next::end:
            broken_ = tap.ended_early();
            broken_ = broken_.empty() ? "the capture ended by itself" : broken_;
            ended_ns_ = utc_now_ns();
            return false;
        }
    }
    return true;
}

bool TapAnalysis::take_frames() {
    const std::int64_t asked_ns = utc_now_ns();
    bool more = false;
    for (const auto& tap : taps_) {
        more = (broken_.empty() && take_frames(*tap)) || more;
    }
    heard_ns_ = utc_now_ns();
    hear_();
    // Once all frames are taken no turn waits, whatever a clock that stepped back says of it.
    take_turns(more ? asked_ns : std::numeric_limits<std::int64_t>::max());
    const std::int64_t now_ns = utc_now_ns();
    const std::int64_t looked_ns = seconds_.looked_ns();
    if (now_ns - looked_ns >= look_every_ns || now_ns < looked_ns) {
        look_around(now_ns);
    }
    return more;
}

void TapAnalysis::look_around(std::int64_t now_ns) {
    for (std::size_t i = 0; i < taps_.size(); ++i) {
        TapBook& tap = books_of_taps_[i];
        const std::uint64_t dropped = taps_[i]->counts().dropped;
        if (dropped > tap.dropped) {
            seconds_.lost(now_ns,
                          fmt::format("frames were dropped before they could be read from {}",
                                      tap.interface));
            tap.dropped = dropped;
        }
    }
    seconds_.looked(now_ns, clock_offset_ns());
}

void TapAnalysis::finish() {
    if (ended_ns_ == 0) {
        ended_ns_ = utc_now_ns();
    }
    take_turns(std::numeric_limits<std::int64_t>::max());
    look_around(ended_ns_);
    by_phase_[phase_] += books_at(ended_ns_) - phase_began_;
    analysis_->finish();
    if (search_) {
        search_->finish();
    }
}

std::map<std::int64_t, std::string> TapAnalysis::lost_seconds() const {
    auto out = seconds_.bad();
    for (const TapBook& tap : books_of_taps_) {
        const std::string why =
            fmt::format("marker frames were {} {}",
                        tap.markers_refused < tap.markers.lost_count() ? "lost on their way to"
                                                                       : "not sent past",
                        tap.interface);
        for (const std::int64_t second : tap.markers.lossy_seconds()) {
            out.try_emplace(second, why);
        }
    }
    return out;
}

} // namespace bench::campaign
