// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/marker_sender.h"

#include "drivers/api/errors.h"

#include <chrono>
#include <fmt/format.h>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

constexpr auto marker_gap = 50ms;

} // namespace

MarkerSender::MarkerSender(const egress::Markers& markers, std::vector<MarkerRoute> routes)
    : markers_(markers) {
    for (MarkerRoute& route : routes) {
        try {
            auto sender = std::make_unique<drivers::lab::FrameSender>(route.interface);
            for (const MarkerRoute::Past& past : route.past) {
                past.watch->expect_markers(past.tap, route.interface);
            }
            routes_.push_back({std::move(route), std::move(sender)});
        } catch (const drivers::HostError& error) {
            for (const MarkerRoute::Past& past : route.past) {
                past.watch->expect_no_markers(past.tap, error.what());
            }
        }
    }
    if (!routes_.empty()) {
        thread_ = std::thread([this] { work(); });
    }
}

MarkerSender::~MarkerSender() {
    stop();
}

void MarkerSender::stop() {
    end_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

void MarkerSender::work() {
    std::uint64_t number = 0;
    auto due = std::chrono::steady_clock::now();
    while (!end_) {
        for (const Open& open : routes_) {
            const egress::Marker marker{++number, utc_now_ns(), 0};
            const auto frame = markers_.frame({open.sender->address(), open.route.to}, marker);
            for (const MarkerRoute::Past& past : open.route.past) {
                past.watch->send_marker(past.tap, marker);
            }
            if (open.sender->send(frame)) {
                continue;
            }
            for (const MarkerRoute::Past& past : open.route.past) { // Lost: nobody saw it.
                past.watch->marker_refused(past.tap);
            }
        }
        due += marker_gap;
        std::this_thread::sleep_until(due);
    }
}

} // namespace bench::campaign
