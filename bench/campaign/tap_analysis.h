// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/egress_books.h"
#include "bench/campaign/watch_orders.h"
#include "bench/campaign/watch_words.h"
#include "bench/campaign/watched_seconds.h"
#include "bench/egress/analysis.h"
#include "bench/egress/canary_search.h"
#include "bench/egress/load_coupling.h"
#include "drivers/capture/pcap_source.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bench::campaign {

// Takes apart what passes one array's taps, frame by frame, and keeps the books of it by phase. One
// thread.
class TapAnalysis {
public:
    using Taps = std::vector<std::unique_ptr<drivers::capture::PcapSource>>;

    // `hear`: is to tell() all that has come until now. It is called before a frame is taken that
    // is younger than the last call, so that no frame passes a turn that was told before it.
    TapAnalysis(WatchOrders orders, Taps taps, std::function<void()> hear);
    TapAnalysis(const TapAnalysis&) = delete;
    TapAnalysis& operator=(const TapAnalysis&) = delete;

    void tell(const WatchWord& word); // Of phases, slots and markers; others are passed over.
    bool take_frames();               // What there is now. True: there may be more at once.
    void finish();                    // Captures no more, and closes all streams.

    EgressBooks books() const;            // Now
    std::vector<int> descriptors() const; // Of taps, to wait for

    const WatchOrders& orders() const { return orders_; }
    const egress::Analysis& analysis() const { return *analysis_; }
    const std::map<std::string, EgressBooks>& by_phase() const { return by_phase_; }
    const std::vector<TapBook>& taps() const { return books_of_taps_; }
    const egress::LoadCoupling& coupling() const { return coupling_; }
    const egress::CanarySearch* canaries() const { return search_ ? &*search_ : nullptr; }
    std::uint64_t dropped() const;
    const std::string& broken() const { return broken_; } // Why the capture ended by itself.
    // Seconds (UTC) in which something was lost or a clock stepped, each with a reason.
    std::map<std::int64_t, std::string> lost_seconds() const;
    std::int64_t began_ns() const { return began_ns_; }
    std::int64_t ended_ns() const { return ended_ns_; } // After finish()

private:
    bool take_frames(drivers::capture::PcapSource& tap);
    void take(const drivers::Frame& frame);
    void take_turns(std::int64_t until_ns);
    void look_around(std::int64_t now_ns);
    EgressBooks books_at(std::int64_t at_ns) const;

    WatchOrders orders_;
    egress::CompiledPolicy policy_;
    std::optional<egress::Markers> markers_;
    std::optional<egress::CanarySearch> search_; // Hears the analysis.
    egress::LoadCoupling coupling_{{}};          // So does this.
    std::unique_ptr<egress::Analysis> analysis_;
    Taps taps_;
    std::vector<TapBook> books_of_taps_;
    std::function<void()> hear_;
    std::int64_t heard_ns_ = 0;
    std::deque<WatchWord> turns_to_take_;
    std::string phase_;
    EgressBooks phase_began_;
    std::map<std::string, EgressBooks> by_phase_;
    WatchedSeconds seconds_;
    std::int64_t began_ns_ = 0;
    std::int64_t ended_ns_ = 0;
    std::string broken_;
};

} // namespace bench::campaign
