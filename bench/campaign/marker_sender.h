// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/egress_watch_array.h"
#include "bench/egress/marker.h"
#include "drivers/lab/frame_sender.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace bench::campaign {

// One way that marker frames take, and the taps that they are to pass on it.
struct MarkerRoute {
    struct Past {
        ArrayWatch* watch = nullptr;
        std::size_t tap = 0;
    };
    std::string interface; // In the network of the thread that starts the sender.
    drivers::wire::MacAddress to{};
    std::vector<Past> past;
};

// Sends numbered marker frames on the interfaces of its routes, and on no other, until it is
// stopped. Where an interface cannot be had, its taps' watches are told why.
class MarkerSender {
public:
    // `markers` and the watches outlive it.
    MarkerSender(const egress::Markers& markers, std::vector<MarkerRoute> routes);
    ~MarkerSender();
    MarkerSender(const MarkerSender&) = delete;
    MarkerSender& operator=(const MarkerSender&) = delete;

    void stop();

private:
    struct Open {
        MarkerRoute route;
        std::unique_ptr<drivers::lab::FrameSender> sender;
    };
    void work();

    const egress::Markers& markers_;
    std::vector<Open> routes_;
    std::atomic<bool> end_{false};
    std::thread thread_;
};

} // namespace bench::campaign
