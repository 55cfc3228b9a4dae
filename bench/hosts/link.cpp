// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/link.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>

namespace bench::hosts {

using namespace std::chrono_literals;

namespace {

// A letter on the wire: kind, 8 bytes of length, body; numbers little endian.
constexpr std::size_t head_bytes = 9;
constexpr std::uint64_t body_bytes_max = 1ULL << 30U;
constexpr std::size_t clocks_kept = 32;
constexpr drivers::Duration look_every = 50ms;
constexpr const char* takes_nothing = "it takes nothing any more";

void put_number(std::string& out, std::uint64_t number) {
    for (unsigned i = 0; i < 8; ++i) {
        out += static_cast<char>(number >> (8 * i) & 0xFFU);
    }
}

std::uint64_t number_at(std::string_view from, std::size_t at) {
    std::uint64_t out = 0;
    for (unsigned i = 0; i < 8; ++i) {
        out |= std::uint64_t{static_cast<unsigned char>(from[at + i])} << (8 * i);
    }
    return out;
}

// Whoever is killed is noticed by what was under way to it.
std::string words_for(int error) {
    return error == EPIPE || error == ECONNRESET ? "it has ended" : std::strerror(error);
}

std::uint64_t instant_number(drivers::TimePoint at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

} // namespace

Link::Link(int descriptor, std::string name, const drivers::Clock& clock, Terms terms)
    : descriptor_(descriptor)
    , name_(std::move(name))
    , clock_(clock)
    , settings_(terms.settings)
    , events_(std::move(terms.events))
    , sealer_(terms.keys.sending)
    , unsealer_(terms.keys.receiving)
    , reader_([this] { read(); }) {}

Link::~Link() {
    ending_ = true;
    ::shutdown(descriptor_, SHUT_WR); // What was sent still arrives.
    reader_.join();
    ::close(descriptor_);
}

void Link::send(LetterKind kind, std::string_view body) {
    const std::string failure = put(kind, body);
    if (failure.empty()) {
        return;
    }
    if (std::this_thread::get_id() != reader_.get_id()) { // The last that came is read first.
        std::unique_lock guard(lock_);
        changed_.wait_for(guard, settings_.silence_max, [this] { return !lost_.empty(); });
    }
    lose(failure);
    const std::string why = lost();
    throw HostLost(fmt::format("{}: {}", name_, why.empty() ? failure : why));
}

// On the reader's thread: who cannot be told any more may still have said something.
void Link::mention(LetterKind kind, std::string_view body) {
    if (put(kind, body) == takes_nothing) {
        lose(takes_nothing);
    }
}

// Empty, or why it cannot be sent.
std::string Link::put(LetterKind kind, std::string_view body) {
    std::string whole(1, static_cast<char>(kind));
    put_number(whole, body.size());
    whole += body;
    const std::lock_guard guard(sending_);
    const std::string sealed = sealer_.seal(whole);
    std::string_view rest = sealed;
    const drivers::TimePoint until = clock_.now() + settings_.silence_max;
    while (!rest.empty()) {
        const ssize_t sent =
            ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            rest.remove_prefix(static_cast<std::size_t>(sent));
        } else if (sent < 0 && (errno == EAGAIN || errno == EINTR) && clock_.now() < until) {
            pollfd ready{descriptor_, POLLOUT, 0};
            ::poll(&ready, 1, 50);
        } else {
            return sent < 0 && errno != EAGAIN ? words_for(errno) : takes_nothing;
        }
    }
    return {};
}

std::optional<Letter> Link::receive(drivers::Duration patience) {
    std::unique_lock guard(lock_);
    changed_.wait_for(guard, patience, [this] { return !letters_.empty() || !lost_.empty(); });
    if (!letters_.empty()) {
        Letter out = std::move(letters_.front());
        letters_.pop_front();
        return out;
    }
    if (!lost_.empty()) {
        throw HostLost(fmt::format("{}: {}", name_, lost_));
    }
    return std::nullopt;
}

std::optional<ClockOffset> Link::clock_offset() const {
    const std::lock_guard guard(lock_);
    if (clocks_.empty()) {
        return std::nullopt;
    }
    const auto best =
        std::min_element(clocks_.begin(), clocks_.end(), [](const auto& a, const auto& b) {
            return a.round_trip < b.round_trip;
        });
    return ClockOffset{best->offset, best->round_trip / 2};
}

ClockOffset Link::measure_clock(unsigned questions) {
    for (unsigned i = 0; i < questions; ++i) {
        std::unique_lock guard(lock_);
        const std::uint64_t before = clock_answers_;
        guard.unlock();
        send(LetterKind::clock_ask, clock_question());
        guard.lock();
        changed_.wait_for(guard, settings_.silence_max, [&] {
            return clock_answers_ > before || !lost_.empty();
        });
        if (!lost_.empty()) {
            throw HostLost(fmt::format("{}: {}", name_, lost_));
        }
    }
    return clock_offset().value_or(ClockOffset{});
}

std::string Link::lost() const {
    const std::lock_guard guard(lock_);
    return lost_;
}

// Told before anyone who waits here can learn of it: of several lost hosts the first is named.
void Link::lose(const std::string& why) {
    if (losing_.exchange(true)) {
        return;
    }
    if (events_.lost && !ending_) {
        events_.lost(fmt::format("{}: {}", name_, why));
    }
    {
        const std::lock_guard guard(lock_);
        lost_ = why;
    }
    changed_.notify_all();
}

std::string Link::clock_question() const {
    std::string body;
    put_number(body, instant_number(clock_.now()));
    return body;
}

void Link::answer_clock(const std::string& body) {
    std::string out = body.substr(0, 8);
    put_number(out, instant_number(clock_.now()));
    mention(LetterKind::clock_answer, out);
}

void Link::note_clock(const std::string& body) {
    const drivers::TimePoint answered = clock_.now();
    const auto asked = drivers::Duration(static_cast<std::int64_t>(number_at(body, 0)));
    const auto theirs = drivers::Duration(static_cast<std::int64_t>(number_at(body, 8)));
    const drivers::Duration ours = answered.time_since_epoch();
    const drivers::Duration round_trip = ours - asked;
    const std::lock_guard guard(lock_);
    ++clock_answers_;
    if (round_trip >= 0ns && round_trip < settings_.silence_max) {
        clocks_.push_back({theirs - asked - round_trip / 2, round_trip});
        if (clocks_.size() > clocks_kept) {
            clocks_.pop_front();
        }
    }
    changed_.notify_all();
}

void Link::take(Letter letter) {
    if (letter.kind == LetterKind::clock_ask && letter.body.size() == 8) {
        answer_clock(letter.body);
    } else if (letter.kind == LetterKind::clock_answer && letter.body.size() == 16) {
        note_clock(letter.body);
    } else if (letter.kind == LetterKind::stop) {
        if (events_.stop) {
            events_.stop();
        }
    } else {
        const std::lock_guard guard(lock_);
        letters_.push_back(std::move(letter));
        changed_.notify_all();
    }
}

// Every whole letter out of the buffer. False: what came is no letter.
bool Link::take_in(std::string& buffer) {
    std::size_t at = 0;
    while (buffer.size() - at >= head_bytes) {
        const std::uint64_t length = number_at(buffer, at + 1);
        if (length > body_bytes_max) {
            return false;
        }
        if (buffer.size() - at - head_bytes < length) {
            break;
        }
        take({static_cast<LetterKind>(buffer[at]), buffer.substr(at + head_bytes, length)});
        at += head_bytes + length;
    }
    buffer.erase(0, at);
    return true;
}

void Link::read() {
    std::string sealed;
    std::string buffer;
    std::array<char, 65536> piece{};
    drivers::TimePoint heard = clock_.now();
    drivers::TimePoint ask_at = heard;
    while (!ending_ && lost().empty()) {
        pollfd ready{descriptor_, POLLIN, 0};
        const int found = ::poll(&ready, 1, static_cast<int>(look_every / 1ms));
        if (clock_.now() >= ask_at) {
            ask_at = clock_.now() + settings_.ask_every;
            mention(LetterKind::clock_ask, clock_question());
        }
        if (found > 0) {
            const ssize_t got = ::recv(descriptor_, piece.data(), piece.size(), MSG_DONTWAIT);
            if (got == 0) {
                return lose("it has ended");
            }
            if (got < 0 && errno != EAGAIN && errno != EINTR) {
                return lose(words_for(errno));
            }
            sealed.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
            heard = clock_.now();
            if (!unsealer_.open(sealed, buffer)) {
                return lose("it sends what the host that was met cannot have sealed");
            }
            if (!take_in(buffer)) {
                return lose("it sends what is no letter");
            }
        } else if (clock_.now() - heard > settings_.silence_max) {
            return lose(fmt::format("it has been silent for {} s", settings_.silence_max / 1s));
        }
    }
}

} // namespace bench::hosts
