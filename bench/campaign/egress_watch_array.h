// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/watched_seconds.h"
#include "bench/egress/analysis.h"
#include "bench/egress/canary_search.h"
#include "bench/egress/load_coupling.h"
#include "bench/egress/marker.h"
#include "drivers/capture/pcap_source.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace bench::campaign {

// The books of a capture at one moment, or of a stretch of it.
struct EgressBooks {
    std::uint64_t frames = 0;
    std::uint64_t captured_bytes = 0;
    std::uint64_t allowed_bytes = 0;
    std::uint64_t unlisted_bytes = 0;
    std::uint64_t undecoded_bytes = 0;
    std::int64_t watched_ns = 0;

    EgressBooks& operator+=(const EgressBooks& other);
    EgressBooks operator-(const EgressBooks& earlier) const;
};

// What is known of the losses at one tap.
struct TapBook {
    std::string interface;
    std::set<std::string> markers_from; // Interfaces; none: no bench sends markers past it.
    std::string no_markers;             // Why none could be sent, where some should be.
    egress::MarkerBook markers;
    std::uint64_t markers_refused = 0; // By the interface; they count as lost.
    std::uint64_t dropped = 0;         // As the kernel counts.
};

struct ArrayWatchSettings {
    std::string array;
    profiles::Policy policy;
    std::vector<drivers::capture::LiveSettings> taps;
    int network = -1;                                 // Where the taps are; -1 = the host's own.
    const egress::Markers* markers = nullptr;         // Of this run: they are no traffic.
    std::optional<integrity::CanaryKeyFile> canaries; // What the bench plants in what it writes.
};

// Captures what passes one array's ports, on a thread of its own, and takes it apart as it comes.
class ArrayWatch {
public:
    explicit ArrayWatch(
        ArrayWatchSettings settings); // Watches once this returns. Throws HostError.
    ~ArrayWatch();
    ArrayWatch(const ArrayWatch&) = delete;
    ArrayWatch& operator=(const ArrayWatch&) = delete;

    void begin_phase(const std::string& name); // From now on; any thread.
    // A slot of the pairs in which load and no load are compared; none once a phase begins anew.
    void begin_slot(std::uint32_t pair, bool loaded);
    void end_slot();
    // Of markers that pass a tap, by its place in the settings; any thread. The one to be sent is
    // announced, for it may be seen at once.
    void expect_markers(std::size_t tap, const std::string& from);
    void expect_no_markers(std::size_t tap, const std::string& why);
    void send_marker(std::size_t tap, const egress::Marker& marker);
    void marker_refused(std::size_t tap);
    EgressBooks books(); // Of all that was on the wire when this was called.
    void stop();         // Takes what is still on its way, then closes all streams.

    // After stop():
    const std::string& array() const { return settings_.array; }
    const egress::Analysis& analysis() const { return *analysis_; }
    const std::map<std::string, EgressBooks>& by_phase() const { return by_phase_; }
    std::size_t tap_at(const std::string& interface) const; // Any time: its place among the taps.
    const std::vector<TapBook>& taps() const { return taps_; }
    const egress::LoadCoupling& coupling() const { return coupling_; }
    const egress::CanarySearch* canaries() const { return search_ ? &*search_ : nullptr; }
    std::uint64_t dropped() const;
    const std::string& broken() const { return broken_; } // Why the capture ended by itself.
    // Seconds (UTC) in which something was lost or a clock stepped, each with a reason.
    std::map<std::int64_t, std::string> lost_seconds() const;
    std::int64_t began_ns() const { return began_ns_; }
    std::int64_t ended_ns() const { return ended_ns_; }

private:
    struct Turn { // At an instant on the wire: a phase begins, or a slot begins or ends.
        enum class Kind : std::uint8_t { phase, slot, slot_end };
        Kind kind = Kind::phase;
        std::int64_t at_ns = 0;
        std::string phase;
        std::uint32_t pair = 0;
        bool loaded = false;
    };

    void work();
    bool take_frames(drivers::CaptureSource& source);
    void take(const drivers::Frame& frame);
    void turn(Turn next);
    void take_turns(std::int64_t until_ns);
    void look_around(std::int64_t now_ns);
    void settle(std::int64_t idle_since_ns);
    EgressBooks books_now(std::int64_t at_ns) const;

    ArrayWatchSettings settings_;
    egress::CompiledPolicy policy_;
    std::optional<egress::CanarySearch> search_; // Hears the analysis.
    egress::LoadCoupling coupling_{{}};          // So does this.
    std::unique_ptr<egress::Analysis> analysis_;
    std::vector<std::unique_ptr<drivers::capture::PcapSource>> sources_;

    std::mutex lock_; // For what follows until the thread.
    std::condition_variable settled_;
    std::deque<Turn> turns_to_take_;
    std::vector<TapBook> taps_;
    std::int64_t settle_at_ns_ = 0; // Somebody waits until all before this was taken.
    EgressBooks settled_books_;
    bool stopping_ = false;

    std::string phase_; // The capture thread's own from here.
    EgressBooks phase_began_;
    std::map<std::string, EgressBooks> by_phase_;
    WatchedSeconds seconds_;
    std::int64_t began_ns_ = 0;
    std::int64_t ended_ns_ = 0;
    std::string broken_;
    std::thread thread_;
};

std::int64_t utc_now_ns();

} // namespace bench::campaign
