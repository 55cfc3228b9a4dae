// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/egress_books.h"
#include "bench/campaign/watch_account.h"
#include "bench/campaign/watch_orders.h"
#include "bench/campaign/watch_words.h"
#include "drivers/array/child_process.h"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace bench::campaign {

struct ArrayWatchSettings {
    WatchOrders orders{};
    int network = -1;                       // Where the taps are; -1 = the host's own.
    std::string program = "/proc/self/exe"; // Whose `egress --control-fd` watches.
    drivers::Duration start_max = std::chrono::seconds(20);
    drivers::Duration silence_max = std::chrono::seconds(30); // Of a child that watches
    drivers::Duration finish_max = std::chrono::minutes(15);  // For all that it makes in the end
};

// Has what passes one array's ports taken apart by a child that can do nothing else
// (watch_service.h), which is told of phases, slots and markers and is trusted with nothing: it may
// die, fall silent or say what it likes, and the run goes on.
class ArrayWatch {
public:
    explicit ArrayWatch(
        ArrayWatchSettings settings); // Watches once this returns. Throws HostError.
    ~ArrayWatch();
    ArrayWatch(const ArrayWatch&) = delete;
    ArrayWatch& operator=(const ArrayWatch&) = delete;

    const std::string& array() const { return known_.array; }
    std::size_t tap_at(const std::string& interface) const; // Its place among the taps.
    int process_id() const noexcept { return child_.process_id(); }

    // Any thread; none of these waits.
    void begin_phase(const std::string& name); // From now on
    // A slot of the pairs in which load and no load are compared; none once a phase begins anew.
    void begin_slot(std::uint32_t pair, bool loaded);
    void end_slot();
    // Of markers that pass a tap, by its place.
    void expect_markers(std::size_t tap, const std::string& from);
    void expect_no_markers(std::size_t tap, const std::string& why);
    void send_marker(std::size_t tap, const egress::Marker& marker);
    void marker_refused(std::size_t tap);

    // Of all that was on the wire when this was called. None: nobody watches any more.
    std::optional<EgressBooks> books();
    std::string ended() const; // Why nobody watches any more, before it was told to stop; or empty.
    void stop();               // Takes what is still on its way, and captures no more.
    WatchAccount account();    // Stops if that has not been done.

private:
    using Lock = std::unique_lock<std::mutex>;

    void await_ready();
    void say(WatchWord word);
    void turn(WatchWord word); // At this instant
    void push(Lock& hold, const std::string& bytes);
    void keep(); // On a thread of its own: hears the child, and ends it.
    bool keep_once();
    bool hear_words();
    bool hear(WatchWord word);
    bool heard_books(const WatchWord& word);
    bool over(const std::string& why, bool forged);
    bool is_too_quiet() const;

    ArrayWatchSettings settings_;
    drivers::array::ChildProcess child_;

    mutable std::mutex lock_; // For what follows until the thread.
    std::condition_variable changed_;
    WatchKnown known_;
    std::string waiting_; // What the child has not taken yet.
    std::int64_t asked_ns_ = 0;
    std::int64_t answered_ns_ = 0;
    bool told_to_stop_ = false;
    bool stopped_ = false;
    std::string given_up_; // By us: why.
    std::optional<std::string> handover_;
    std::optional<WatchEnd> end_; // Instead.

    WatchWordStream stream_; // The thread's own from here.
    std::uint64_t words_ = 0;
    std::int64_t began_ns_ = 0; // Steady, as the next
    std::int64_t heard_ns_ = 0;
    std::int64_t heard_utc_ns_ = 0;
    std::thread thread_;
};

} // namespace bench::campaign
