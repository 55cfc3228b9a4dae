// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_watch_array.h"

#include "drivers/api/errors.h"
#include "drivers/lab/network_namespace.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <future>
#include <limits>
#include <optional>

namespace bench::campaign {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::int64_t look_every_ns = 100'000'000;
constexpr std::chrono::milliseconds idle_wait{20};
constexpr std::size_t dns_log_max = 1'000'000;

std::int64_t steady_now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Calendar minus monotonic clock; none where this thread was held up between the two readings.
std::optional<std::int64_t> clock_offset_ns() {
    constexpr std::int64_t held_up_ns = 500'000;
    const std::int64_t before = steady_now_ns();
    const std::int64_t utc = utc_now_ns();
    const std::int64_t after = steady_now_ns();
    return after - before < held_up_ns ? std::optional(utc - before) : std::nullopt;
}

} // namespace

std::int64_t utc_now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

EgressBooks& EgressBooks::operator+=(const EgressBooks& other) {
    frames += other.frames;
    captured_bytes += other.captured_bytes;
    allowed_bytes += other.allowed_bytes;
    unlisted_bytes += other.unlisted_bytes;
    undecoded_bytes += other.undecoded_bytes;
    watched_ns += other.watched_ns;
    return *this;
}

EgressBooks EgressBooks::operator-(const EgressBooks& earlier) const {
    return {frames - earlier.frames,
            captured_bytes - earlier.captured_bytes,
            allowed_bytes - earlier.allowed_bytes,
            unlisted_bytes - earlier.unlisted_bytes,
            undecoded_bytes - earlier.undecoded_bytes,
            watched_ns - earlier.watched_ns};
}

ArrayWatch::ArrayWatch(ArrayWatchSettings settings)
    : settings_(std::move(settings))
    , policy_(settings_.policy) {
    egress::AnalysisSettings analysing;
    analysing.dns_log_max = dns_log_max;
    analysing.packets = &coupling_;
    if (settings_.canaries) {
        search_.emplace(*settings_.canaries);
        analysing.content = &*search_;
    }
    analysis_ = std::make_unique<egress::Analysis>(policy_, analysing);
    const auto open = [this] {
        for (const drivers::capture::LiveSettings& tap : settings_.taps) {
            sources_.push_back(drivers::capture::PcapSource::open_live(tap));
            taps_.emplace_back().interface = tap.interface;
        }
    };
    if (settings_.network >= 0) {
        std::exception_ptr failure;
        std::thread inside([&] { // A capture stays in the network that it was opened in.
            try {
                const drivers::lab::Visit visit(settings_.network);
                open();
            } catch (...) {
                failure = std::current_exception();
            }
        });
        inside.join();
        if (failure) {
            std::rethrow_exception(failure);
        }
    } else {
        open();
    }
    began_ns_ = utc_now_ns();
    seconds_.begin(began_ns_, began_ns_ - steady_now_ns());
    thread_ = std::thread([this] { work(); });
}

ArrayWatch::~ArrayWatch() {
    stop();
}

void ArrayWatch::turn(Turn next) {
    const std::lock_guard hold(lock_);
    next.at_ns = utc_now_ns();
    turns_to_take_.push_back(std::move(next));
}

void ArrayWatch::begin_phase(const std::string& name) {
    turn({Turn::Kind::phase, 0, name, 0, false});
}

void ArrayWatch::begin_slot(std::uint32_t pair, bool loaded) {
    turn({Turn::Kind::slot, 0, "", pair, loaded});
}

void ArrayWatch::end_slot() {
    turn({Turn::Kind::slot_end, 0, "", 0, false});
}

void ArrayWatch::expect_markers(std::size_t tap, const std::string& from) {
    const std::lock_guard hold(lock_);
    taps_[tap].markers_from.insert(from);
}

void ArrayWatch::expect_no_markers(std::size_t tap, const std::string& why) {
    const std::lock_guard hold(lock_);
    taps_[tap].no_markers = why;
}

void ArrayWatch::send_marker(std::size_t tap, const egress::Marker& marker) {
    const std::lock_guard hold(lock_);
    taps_[tap].markers.sent(marker);
}

void ArrayWatch::marker_refused(std::size_t tap) {
    const std::lock_guard hold(lock_);
    ++taps_[tap].markers_refused;
}

std::size_t ArrayWatch::tap_at(const std::string& interface) const {
    const auto found = std::find_if(
        taps_.begin(), taps_.end(), [&](const TapBook& tap) { return tap.interface == interface; });
    return static_cast<std::size_t>(found - taps_.begin());
}

std::uint64_t ArrayWatch::dropped() const {
    std::uint64_t out = 0;
    for (const TapBook& tap : taps_) {
        out += tap.dropped;
    }
    return out;
}

EgressBooks ArrayWatch::books() {
    std::unique_lock hold(lock_);
    const std::int64_t asked_ns = steady_now_ns();
    settle_at_ns_ = asked_ns;
    settled_.wait(hold, [&] { return stopping_ || settle_at_ns_ != asked_ns; });
    return settled_books_;
}

void ArrayWatch::stop() {
    {
        const std::lock_guard hold(lock_);
        stopping_ = true;
    }
    settled_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

EgressBooks ArrayWatch::books_now(std::int64_t at_ns) const {
    const egress::Ledger& ledger = analysis_->ledger();
    return {ledger.captured().frames,
            ledger.captured().bytes,
            ledger.allowed().bytes,
            ledger.unlisted().bytes,
            ledger.undecoded().bytes,
            at_ns - began_ns_};
}

void ArrayWatch::take_turns(std::int64_t until_ns) {
    std::deque<Turn> due;
    {
        const std::lock_guard hold(lock_);
        while (!turns_to_take_.empty() && turns_to_take_.front().at_ns <= until_ns) {
            due.push_back(turns_to_take_.front());
            turns_to_take_.pop_front();
        }
    }
    for (const Turn& each : due) {
        if (each.kind == Turn::Kind::slot) {
            coupling_.begin_slot(each.pair, each.loaded, each.at_ns);
            continue;
        }
        if (each.kind == Turn::Kind::slot_end) {
            coupling_.end_slot(each.at_ns);
            continue;
        }
        const EgressBooks now = books_now(each.at_ns);
        by_phase_[phase_] += now - phase_began_;
        phase_began_ = now;
        phase_ = each.phase;
        analysis_->begin_phase(each.phase, each.at_ns);
    }
}

void ArrayWatch::take(const drivers::Frame& frame) {
    if (settings_.markers != nullptr) {
        if (const auto marker = settings_.markers->read(frame.bytes)) {
            const std::lock_guard hold(lock_);
            if (taps_[frame.tap].markers.seen(*marker, frame.at.time_since_epoch().count())) {
                return;
            }
        }
    }
    take_turns(frame.at.time_since_epoch().count());
    analysis_->frame(frame);
}

// True: there may be more at once.
bool ArrayWatch::take_frames(drivers::CaptureSource& source) {
    constexpr int frames_max = 4096;
    drivers::Frame frame;
    const auto deadline = std::chrono::steady_clock::now() + idle_wait;
    for (int i = 0; i < frames_max; ++i) {
        switch (source.next(frame, i == 0 ? deadline : drivers::TimePoint{})) {
        case drivers::Next::frame:
            take(frame);
            break;
        case drivers::Next::idle:
            return false;
        case drivers::Next::end:
            broken_ = static_cast<drivers::capture::PcapSource&>(source).ended_early();
            broken_ = broken_.empty() ? "the capture ended by itself" : broken_;
            return false;
        }
    }
    return true;
}

void ArrayWatch::look_around(std::int64_t now_ns) {
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        const std::uint64_t dropped = sources_[i]->counts().dropped;
        if (dropped > taps_[i].dropped) {
            seconds_.lost(now_ns,
                          fmt::format("frames were dropped before they could be read from {}",
                                      taps_[i].interface));
            taps_[i].dropped = dropped;
        }
    }
    seconds_.looked(now_ns, clock_offset_ns());
}

// `idle_since_ns`, on the monotonic clock: all that was on the wire then has been taken.
void ArrayWatch::settle(std::int64_t idle_since_ns) {
    constexpr std::int64_t patience_ns = 2 * ns_per_s; // With a tap that is never idle.
    const std::int64_t now_ns = steady_now_ns();
    {
        const std::lock_guard hold(lock_);
        if (settle_at_ns_ == 0 ||
            (settle_at_ns_ > idle_since_ns && now_ns - settle_at_ns_ < patience_ns)) {
            return;
        }
        settle_at_ns_ = 0;
        settled_books_ = books_now(utc_now_ns());
    }
    settled_.notify_all();
}

void ArrayWatch::work() {
    for (;;) {
        bool stopping = false;
        {
            const std::lock_guard hold(lock_);
            stopping = stopping_;
        }
        bool more = false;
        const std::int64_t asked_ns = utc_now_ns();
        const std::int64_t asked_steady_ns = steady_now_ns();
        for (const auto& source : sources_) {
            more = take_frames(*source) || more;
        }
        const std::int64_t now_ns = utc_now_ns();
        // Once all frames are taken no turn waits, whatever a clock that stepped back says of it.
        take_turns(more ? asked_ns : std::numeric_limits<std::int64_t>::max());
        settle(more ? 0 : asked_steady_ns);
        const std::int64_t looked_ns = seconds_.looked_ns();
        if (now_ns - looked_ns >= look_every_ns || now_ns < looked_ns) {
            look_around(now_ns);
        }
        if ((stopping && !more) || !broken_.empty()) {
            break;
        }
    }
    ended_ns_ = utc_now_ns();
    look_around(ended_ns_);
    by_phase_[phase_] += books_now(ended_ns_) - phase_began_;
    analysis_->finish();
    if (search_) {
        search_->finish();
    }
    const std::lock_guard hold(lock_);
    stopping_ = true; // Nobody shall wait for a capture that is over.
    settled_books_ = books_now(ended_ns_);
    settled_.notify_all();
}

std::map<std::int64_t, std::string> ArrayWatch::lost_seconds() const {
    auto out = seconds_.bad();
    for (const TapBook& tap : taps_) {
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
