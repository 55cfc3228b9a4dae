// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/tap_analysis.h"
#include "bench/campaign/watch_words.h"

#include <cstdint>
#include <optional>

namespace bench::campaign {

// The child of a run that takes one array's frames apart (`control`: its end of the socket pair):
// takes its orders, opens the taps, gives up everything else, and hands over in the end. It ends
// the process, since nothing of it may run once it is confined.
[[noreturn]] void serve_watch(int control);

// What serve_watch() has given up before it looks at the first byte: privileges, files, standard
// streams, sockets to be made, programs. False: this kernel knows no filter.
bool confine_watch();

// Between them: hears words and takes frames by turns, on one thread.
class WatchService {
public:
    WatchService(int control, WatchOrders orders, TapAnalysis::Taps taps);

    void run(); // Until it has handed over.

private:
    void hear();
    void heard(const WatchWord& word);
    void wait() const;
    void tell_books(std::int64_t pass_ns, bool more);
    bool is_done(std::int64_t pass_ns, bool more) const;

    int control_;
    WatchWordStream stream_;
    std::int64_t asked_ns_ = 0; // Steady, as all here; 0 = nobody waits for books
    std::int64_t stop_ns_ = 0;  // 0 = not told to stop
    std::int64_t told_ns_ = 0;
    TapAnalysis analysis_;
};

} // namespace bench::campaign
