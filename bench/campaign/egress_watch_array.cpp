// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_watch_array.h"

#include "drivers/api/errors.h"
#include "drivers/confine/tool_environment.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

using namespace std::chrono_literals;
using drivers::array::ChildProcess;
using Kind = WatchWord::Kind;

constexpr std::size_t said_bytes_max = 4096; // Texts of a child that watches
constexpr std::size_t handover_bytes_max = std::size_t{2} << 30U;
constexpr std::size_t waiting_bytes_max = 8U << 20U; // Hours of markers
constexpr std::uint64_t words_per_s_max = 1000;      // It says eleven.
constexpr auto answer_max = 15s;                     // Of books; it is patient for two seconds.
constexpr auto stop_max = 60s;
constexpr auto tick = 20ms;

drivers::TimePoint after(drivers::Duration span) {
    return std::chrono::steady_clock::now() + span;
}

double seconds(drivers::Duration span) {
    return std::chrono::duration<double>(span).count();
}

} // namespace

ArrayWatch::ArrayWatch(ArrayWatchSettings settings)
    : settings_(std::move(settings))
    , child_(settings_.program,
             {"egress", "--control-fd"},
             settings_.network,
             drivers::confine::ToolEnvironment().variables()) {
    known_.array = settings_.orders.array;
    known_.captured_by = settings_.orders.captured_by;
    for (const drivers::capture::LiveSettings& tap : settings_.orders.taps) {
        known_.taps.push_back({tap.interface, 0});
    }
    await_ready();
    began_ns_ = heard_ns_ = steady_now_ns();
    heard_utc_ns_ = utc_now_ns();
    thread_ = std::thread([this] { keep(); });
}

ArrayWatch::~ArrayWatch() {
    {
        const std::lock_guard hold(lock_);
        given_up_ = "left";
    }
    if (thread_.joinable()) {
        thread_.join();
    }
}

void ArrayWatch::await_ready() {
    const drivers::TimePoint until = after(settings_.start_max);
    (void)child_.send(word_bytes({.kind = Kind::orders, .text = orders_text(settings_.orders)}),
                      until);
    for (;;) {
        const auto got = child_.receive_some(stream_.bytes(), until);
        const auto word = stream_.next(said_bytes_max);
        if (word && word->kind == Kind::ready) {
            return;
        }
        if (word) {
            throw drivers::HostError(
                word->kind == Kind::failed ? word->text : "a watch begins with other words");
        }
        if (got != ChildProcess::Got::line) {
            child_.kill();
            throw drivers::HostError(fmt::format(
                "the process that is to watch {}: {}",
                known_.array,
                got == ChildProcess::Got::late ? "was not ready in time" : child_.ending()));
        }
    }
}

std::size_t ArrayWatch::tap_at(const std::string& interface) const {
    const auto found =
        std::find_if(known_.taps.begin(), known_.taps.end(), [&](const WatchKnown::Tap& tap) {
            return tap.interface == interface;
        });
    return static_cast<std::size_t>(found - known_.taps.begin());
}

// Sent at once where the child takes it; the rest waits for the thread.
void ArrayWatch::push(Lock& /*hold*/, const std::string& bytes) {
    std::size_t sent = 0;
    if (waiting_.empty()) {
        sent = child_.send_some(bytes).value_or(0);
    }
    waiting_.append(bytes, sent);
    if (waiting_.size() > waiting_bytes_max && given_up_.empty()) {
        given_up_ = "it took nothing that it was told";
    }
}

void ArrayWatch::say(WatchWord word) {
    Lock hold(lock_);
    if (!end_ && !told_to_stop_) {
        push(hold, word_bytes(word));
    }
}

void ArrayWatch::turn(WatchWord word) {
    Lock hold(lock_);
    if (!end_ && !told_to_stop_) {
        if (word.kind == Kind::phase) {
            known_.phases.insert(word.text);
        }
        word.at_ns = utc_now_ns();
        push(hold, word_bytes(word));
    }
}

void ArrayWatch::begin_phase(const std::string& name) {
    turn({.kind = Kind::phase, .text = name});
}

void ArrayWatch::begin_slot(std::uint32_t pair, bool loaded) {
    turn({.kind = Kind::slot, .number = pair, .place = std::uint16_t{loaded}});
}

void ArrayWatch::end_slot() {
    turn({.kind = Kind::slot_end});
}

void ArrayWatch::expect_markers(std::size_t tap, const std::string& from) {
    say({.kind = Kind::markers_from, .place = static_cast<std::uint16_t>(tap), .text = from});
}

void ArrayWatch::expect_no_markers(std::size_t tap, const std::string& why) {
    say({.kind = Kind::no_markers, .place = static_cast<std::uint16_t>(tap), .text = why});
}

void ArrayWatch::send_marker(std::size_t tap, const egress::Marker& marker) {
    Lock hold(lock_);
    if (!end_ && !told_to_stop_) {
        ++known_.taps[tap].markers_sent;
        push(hold,
             word_bytes({.kind = Kind::marker,
                         .at_ns = marker.sent_ns,
                         .number = marker.number,
                         .place = static_cast<std::uint16_t>(tap)}));
    }
}

void ArrayWatch::marker_refused(std::size_t tap) {
    say({.kind = Kind::marker_refused, .place = static_cast<std::uint16_t>(tap)});
}

std::optional<EgressBooks> ArrayWatch::books() {
    Lock hold(lock_);
    if (end_ || told_to_stop_) {
        return std::nullopt;
    }
    const std::int64_t asked = steady_now_ns();
    asked_ns_ = asked;
    push(hold, word_bytes({.kind = Kind::ask_books, .at_ns = asked}));
    if (!changed_.wait_for(hold, answer_max, [&] { return end_ || answered_ns_ == asked; })) {
        given_up_ = "it did not answer what it was asked";
    }
    return answered_ns_ == asked && !end_ ? std::optional(known_.last) : std::nullopt;
}

std::string ArrayWatch::ended() const {
    const std::lock_guard hold(lock_);
    return end_ ? end_->why : "";
}

void ArrayWatch::stop() {
    Lock hold(lock_);
    if (!end_ && !told_to_stop_) {
        push(hold, word_bytes({.kind = Kind::stop}));
        told_to_stop_ = true;
    }
    if (!changed_.wait_for(hold, stop_max, [&] { return end_ || stopped_; })) {
        given_up_ = "it went on when it was told to stop";
    }
}

WatchAccount ArrayWatch::account() {
    stop();
    if (thread_.joinable()) {
        thread_.join(); // It is patient for `finish_max`.
    }
    if (handover_) {
        try {
            return account_from(*handover_, known_);
        } catch (const drivers::HostError& error) {
            end_ = WatchEnd{error.what(), heard_utc_ns_, true};
        }
    }
    return account_of(*end_, known_);
}

// False: it is over.
bool ArrayWatch::over(const std::string& why, bool forged) {
    {
        const std::lock_guard hold(lock_);
        end_ = WatchEnd{why, heard_utc_ns_, forged};
    }
    changed_.notify_all();
    return false;
}

bool ArrayWatch::heard_books(const WatchWord& word) {
    const EgressBooks& now = word.books;
    EgressBooks& last = known_.last;
    const bool is_possible =
        now.frames >= last.frames && now.captured_bytes >= last.captured_bytes &&
        now.allowed_bytes >= last.allowed_bytes && now.unlisted_bytes >= last.unlisted_bytes &&
        now.undecoded_bytes >= last.undecoded_bytes;
    last = is_possible ? now : last;
    return is_possible;
}

// False: it is over.
bool ArrayWatch::hear(WatchWord word) {
    Lock hold(lock_);
    bool is_due = false;
    switch (word.kind) {
    case Kind::alive:
        is_due = heard_books(word);
        break;
    case Kind::books:
        is_due = word.at_ns == asked_ns_ && answered_ns_ != asked_ns_ && heard_books(word);
        answered_ns_ = is_due ? asked_ns_ : answered_ns_;
        break;
    case Kind::stopped:
        is_due = told_to_stop_ && !stopped_;
        stopped_ = stopped_ || is_due;
        break;
    case Kind::handover:
        is_due = stopped_;
        if (is_due) {
            handover_ = std::move(word.text);
        }
        break;
    case Kind::failed:
        hold.unlock();
        return over(word.text, false);
    default:
        break;
    }
    const bool is_last = handover_.has_value();
    hold.unlock();
    if (!is_due) {
        return over(fmt::format("it said a word of kind {} that was not due",
                                static_cast<unsigned>(word.kind)),
                    true);
    }
    changed_.notify_all();
    return !is_last;
}

bool ArrayWatch::hear_words() {
    bool may_hand_over = false;
    {
        const std::lock_guard hold(lock_);
        may_hand_over = stopped_;
    }
    try {
        while (auto word = stream_.next(may_hand_over ? handover_bytes_max : said_bytes_max)) {
            heard_ns_ = steady_now_ns();
            heard_utc_ns_ = utc_now_ns();
            const auto since_s =
                static_cast<std::uint64_t>((heard_ns_ - began_ns_) / std::nano::den);
            if (++words_ > words_per_s_max * (since_s + 1)) {
                return over("it said more than it was asked", true);
            }
            may_hand_over = may_hand_over || word->kind == Kind::stopped;
            if (!hear(std::move(*word))) {
                return false;
            }
        }
    } catch (const drivers::HostError& error) {
        return over(error.what(), true);
    }
    return true;
}

bool ArrayWatch::is_too_quiet() const {
    const drivers::Duration patience = stopped_ ? settings_.finish_max : settings_.silence_max;
    return drivers::Duration(steady_now_ns() - heard_ns_) > patience;
}

// False: it is over.
bool ArrayWatch::keep_once() {
    const auto got = child_.receive_some(stream_.bytes(), after(tick));
    if (got == ChildProcess::Got::line && !hear_words()) {
        return false;
    }
    if (got == ChildProcess::Got::closed) {
        child_.wait_ended(after(1s));
        const std::string how = child_.ending();
        return over(how.empty() ? "it fell silent" : "its process ended: " + how, false);
    }
    std::string why;
    {
        const std::lock_guard hold(lock_);
        waiting_.erase(0, waiting_.empty() ? 0 : child_.send_some(waiting_).value_or(0));
        why = given_up_;
        if (why.empty() && is_too_quiet()) {
            why = fmt::format("it was not heard for {} s",
                              seconds(drivers::Duration(steady_now_ns() - heard_ns_)));
        }
    }
    return why.empty() || over(why, false);
}

void ArrayWatch::keep() {
    try {
        bool goes_on = hear_words(); // What came together with the first one.
        while (goes_on) {
            goes_on = keep_once();
        }
    } catch (const std::exception& error) { // Out of memory.
        (void)over(error.what(), false);
    }
    child_.kill();
}

} // namespace bench::campaign
