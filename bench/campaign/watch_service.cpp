// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/watch_service.h"

#include "bench/campaign/watch_handover.h"
#include "drivers/confine/capabilities.h"
#include "drivers/confine/computing_only.h"
#include "results/whole_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>

namespace bench::campaign {

namespace {

using Kind = WatchWord::Kind;

constexpr std::size_t orders_bytes_max = 16U << 20U;
constexpr std::int64_t idle_wait_ns = 20'000'000; // Longer than the kernel holds a frame back.
constexpr std::int64_t tell_every_ns = 100'000'000;
constexpr std::int64_t patience_ns = 2'000'000'000; // With a tap that is never idle

// A parent that is gone wants nothing any more.
void say(int control, const WatchWord& word) {
    const std::string bytes = word_bytes(word);
    for (std::size_t at = 0; at < bytes.size();) {
        const ssize_t sent = ::send(control, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            ::_exit(1);
        }
        at += static_cast<std::size_t>(sent > 0 ? sent : 0);
    }
}

// False: there is no more at the moment.
bool receive(int control, std::string& bytes, int flags) {
    std::array<char, 65536> piece{};
    const ssize_t got = ::recv(control, piece.data(), piece.size(), flags);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
        ::_exit(1); // The parent has gone.
    }
    bytes.append(piece.data(), static_cast<std::size_t>(got > 0 ? got : 0));
    return got > 0;
}

WatchOrders take_orders(int control, WatchWordStream& stream) {
    for (;;) {
        (void)receive(control, stream.bytes(), 0);
        if (const auto word = stream.next(orders_bytes_max)) {
            return orders_from(word->text);
        }
    }
}

TapAnalysis::Taps open_taps(const WatchOrders& orders) {
    TapAnalysis::Taps out;
    for (const drivers::capture::LiveSettings& tap : orders.taps) {
        out.push_back(drivers::capture::PcapSource::open_live(tap));
    }
    return out;
}

// What is written there would reach the operator's terminal.
void leave_standard_streams() {
#if !defined(__SANITIZE_ADDRESS__) // Whose reports are for whoever tests.
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        ::dup2(nothing, stream);
    }
    ::close(nothing);
#endif
}

void bound_memory() {
#if !defined(__SANITIZE_ADDRESS__) // Whose shadow is larger than any memory.
    constexpr rlim_t bytes_max = rlim_t{16} << 30U;
    const rlimit bound{bytes_max, bytes_max};
    ::setrlimit(RLIMIT_AS, &bound);
#endif
}

} // namespace

bool confine_watch() {
    (void)results::sha256_hex(""); // OpenSSL reads its own files at its first use: now.
    leave_standard_streams();
    bound_memory();
    drivers::confine::hide_memory();
    drivers::confine::keep_only({});
    return drivers::confine::confine(drivers::confine::Confinement::computing);
}

void serve_watch(int control) {
    try {
        ::syscall(SYS_close_range, static_cast<unsigned>(control) + 1, ~0U, 0U);
        WatchWordStream stream;
        WatchOrders orders = take_orders(control, stream);
        TapAnalysis::Taps taps = open_taps(orders);
        (void)confine_watch();
        WatchService(control, std::move(orders), std::move(taps)).run();
    } catch (const std::exception& error) {
        constexpr std::size_t said_max = 1000;
        say(control, {.kind = Kind::failed, .text = std::string(error.what()).substr(0, said_max)});
        ::_exit(1);
    }
    ::_exit(0);
}

WatchService::WatchService(int control, WatchOrders orders, TapAnalysis::Taps taps)
    : control_(control)
    , analysis_(std::move(orders), std::move(taps), [this] { hear(); }) {}

void WatchService::heard(const WatchWord& word) {
    if (word.kind == Kind::ask_books) {
        asked_ns_ = word.at_ns;
    } else if (word.kind == Kind::stop) {
        stop_ns_ = steady_now_ns();
    } else {
        analysis_.tell(word);
    }
}

void WatchService::hear() {
    while (receive(control_, stream_.bytes(), MSG_DONTWAIT)) {
    }
    while (const auto word = stream_.next(orders_bytes_max)) {
        heard(*word);
    }
}

void WatchService::wait() const {
    std::vector<pollfd> watched{{control_, POLLIN, 0}};
    for (const int tap : analysis_.descriptors()) {
        watched.push_back({tap, POLLIN, 0});
    }
    (void)::poll(watched.data(), watched.size(), idle_wait_ns / 1'000'000);
}

// `pass_ns`: when the last look at the taps began; unless there is more, all that the kernel had
// given out by then has been taken.
void WatchService::tell_books(std::int64_t pass_ns, bool more) {
    const std::int64_t now_ns = steady_now_ns();
    const bool is_settled = !more && pass_ns >= asked_ns_ + idle_wait_ns;
    if (asked_ns_ != 0 && (is_settled || now_ns - asked_ns_ >= patience_ns)) {
        say(control_, {.kind = Kind::books, .at_ns = asked_ns_, .books = analysis_.books()});
        asked_ns_ = 0;
        told_ns_ = now_ns;
    } else if (now_ns - told_ns_ >= tell_every_ns) {
        say(control_, {.kind = Kind::alive, .books = analysis_.books()});
        told_ns_ = now_ns;
    }
}

bool WatchService::is_done(std::int64_t pass_ns, bool more) const {
    return stop_ns_ != 0 && ((!more && pass_ns >= stop_ns_ + idle_wait_ns) ||
                             steady_now_ns() - stop_ns_ >= patience_ns);
}

void WatchService::run() {
    say(control_, {.kind = Kind::ready, .at_ns = analysis_.began_ns()});
    bool more = false;
    std::int64_t pass_ns = 0;
    while (!is_done(pass_ns, more)) {
        if (!more) {
            wait();
        }
        pass_ns = steady_now_ns();
        more = analysis_.take_frames();
        tell_books(pass_ns, more);
    }
    analysis_.finish();
    say(control_, {.kind = Kind::stopped});
    say(control_, {.kind = Kind::handover, .text = handover_bytes(watch_handover(analysis_))});
}

} // namespace bench::campaign
