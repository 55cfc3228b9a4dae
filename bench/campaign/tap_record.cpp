// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/tap_record.h"

#include <fmt/format.h>

namespace bench::campaign {

namespace {

std::string kernel_only(const results::TapRecord& tap) {
    return fmt::format("no interface is named that marker frames could be sent on: what {} lost is "
                       "known from the kernel's own counter only, which does not see what a mirror "
                       "leaves out",
                       tap.interface);
}

} // namespace

void bound_loss(results::TapRecord& tap) {
    if (tap.markers_sent > 0) {
        const egress::LossBound bound = egress::loss_bound(tap.markers_lost, tap.markers_sent);
        tap.loss_low = bound.low;
        tap.loss_high = bound.high;
    }
}

results::TapRecord tap_record(const TapBook& tap) {
    results::TapRecord out;
    out.interface = tap.interface;
    out.markers_from = fmt::format("{}", fmt::join(tap.markers_from, ", "));
    out.markers_sent = tap.markers.sent_count();
    out.markers_lost = tap.markers.lost_count();
    out.dropped = tap.dropped;
    bound_loss(out);
    if (!tap.no_markers.empty()) {
        out.note = "no marker frames: " + tap.no_markers;
    } else if (tap.markers_refused > 0) {
        out.note = fmt::format(
            "{} did not take {} of the marker frames", out.markers_from, tap.markers_refused);
    } else if (tap.markers_from.empty()) {
        out.note = kernel_only(out);
    }
    return out;
}

std::string tap_sentence(const results::TapRecord& tap) {
    std::string out = tap.interface + ": ";
    if (tap.loss_high) {
        out += fmt::format("{} of {} numbered marker frames from {} were not captured, so between "
                           "{:.3g} % and {:.3g} % of all frames were lost (95 %)",
                           tap.markers_lost,
                           tap.markers_sent,
                           tap.markers_from,
                           *tap.loss_low * 100,
                           *tap.loss_high * 100);
    }
    out += tap.loss_high && !tap.note.empty() ? "; " : "";
    return out + tap.note + ".";
}

} // namespace bench::campaign
